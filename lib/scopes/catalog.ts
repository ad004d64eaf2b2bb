import { isPlainObject, readEntries, type Entry, type ScopeStatus } from './entries.js'
import { didYouMean, ScopeDefinitionError, show } from './faults.js'
import { grantOf, type Grant } from './grant.js'
import { coverage } from './inclusion.js'
import { readRequirement, type Requirement, type ScopeRequirement } from './requirement.js'

/** A scope name, or a pattern: `devices:*`, `*:read`, `*`. A `*` is one whole segment, a final one one or more. */
export type Inclusion<Name extends string = string> = Name | '*' | `${string}:*` | `*:${string}` | `${string}:*:${string}`

/** What a catalog says of one scope; a plain description stands for `{ description }`. */
export interface ScopeEntry<Name extends string = string> {
  /** For people: in pickers, in lists, on the reference page. */
  readonly description?: string
  /** Holding this scope satisfies a demand for each of these. Directed, transitive. */
  readonly includes?: Inclusion<Name> | ReadonlyArray<Inclusion<Name>>
  /** Default `active`. Others are known, but refused at creation, and a route that demands one does not start. */
  readonly status?: ScopeStatus
  /** Not to be offered in a picker, though it may be granted. Default `false`. */
  readonly hidden?: boolean
}

export interface CatalogOptions<Name extends string = string> {
  /** The grant of a key created without naming scopes. (An empty list of scopes grants nothing.) Default: none, scopes must be named. */
  readonly defaultGrant?: readonly Name[]
  /** Combinations worth a name, such as `{ 'CI deploy': ['apps:deploy', 'clusters:read'] }`. */
  readonly presets?: Readonly<Record<string, readonly Name[]>>
}

/** Every scope an API knows. Made by `defineScopes`; immutable. */
export interface Catalog<Name extends string = string> {
  /** In the order of definition. */
  readonly scopes: ReadonlyMap<Name, Entry>
  readonly defaultGrant: readonly Name[] | undefined
  readonly presets: ReadonlyMap<string, readonly Name[]>
  /** What these scopes open today. Unknown names open nothing. */
  grant (names: readonly string[]): Grant
  /** Reads a demand, as a route declares it. @throws {ScopeDefinitionError} with every fault. */
  requirement (demand: ScopeRequirement): Requirement
}

/**
 * Defines the scopes of an API, in one flat object: the full name of each scope is its key.
 *
 * @throws {ScopeDefinitionError} for a bad catalog, with every fault it has: names that are no scope-tokens
 * (RFC 6749 §3.3), unknown names, circles, patterns that match nothing, unknown members and options.
 */
export function defineScopes<const Name extends string> (
  entries: { readonly [N in Name]: string | ScopeEntry<NoInfer<Name>> },
  options: CatalogOptions<NoInfer<Name>> = {}
): Catalog<Name> {
  const faults: string[] = []
  const scopes = readEntries(entries, faults)
  const coveredBy = coverage(scopes, faults)
  const { defaultGrant, presets } = readOptions(options, scopes, faults)
  if (faults.length > 0) throw new ScopeDefinitionError('bad catalog', faults)

  const indexOf = new Map([...scopes.keys()].map((name, index) => [name, index]))
  return Object.freeze({
    scopes: scopes as ReadonlyMap<string, Entry> as ReadonlyMap<Name, Entry>,
    defaultGrant: defaultGrant as readonly Name[] | undefined,
    presets: presets as ReadonlyMap<string, readonly string[]> as ReadonlyMap<string, readonly Name[]>,
    grant: (names: readonly string[]) => grantOf(names, { indexOf, coveredBy }),
    requirement: (demand: ScopeRequirement) => readRequirement(demand, scopes)
  })
}

const OPTIONS = ['defaultGrant', 'presets']

function readOptions (options: unknown, scopes: ReadonlyMap<string, Entry>, faults: string[]) {
  const presets = new Map<string, readonly string[]>()
  if (!isPlainObject(options)) {
    faults.push(`the options must be an object { ${OPTIONS.join(', ')} }, not ${show(options)}`)
    return { defaultGrant: undefined, presets }
  }
  for (const option of Object.keys(options)) {
    if (!OPTIONS.includes(option)) faults.push(`unknown option ${show(option)}${didYouMean(option, OPTIONS)}`)
  }
  const defaultGrant = options.defaultGrant === undefined ? undefined : readList('defaultGrant', options.defaultGrant)
  if (options.presets !== undefined && !isPlainObject(options.presets)) {
    faults.push(`presets must be an object { name: [scope, ...] }, not ${show(options.presets)}`)
  } else {
    for (const [name, list] of Object.entries(options.presets ?? {})) presets.set(name, readList(`preset ${show(name)}`, list))
  }
  return { defaultGrant, presets }

  function readList (field: string, list: unknown): readonly string[] {
    if (!Array.isArray(list)) {
      faults.push(`${field} must be a list of scope names, not ${show(list)}`)
      return []
    }
    for (const name of list as unknown[]) {
      const status = typeof name === 'string' ? scopes.get(name)?.status : undefined
      if (status === undefined) faults.push(`${field} names ${show(name)}, which the catalog does not have${didYouMean(name, scopes.keys())}`)
      else if (status !== 'active') faults.push(`${field} names ${show(name)}, which is ${status}`)
    }
    return Object.freeze([...new Set(list as string[])])
  }
}
