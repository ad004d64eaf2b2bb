import { readOptions } from './catalog-options.js'
import { readEntries, type Entry, type ScopeStatus } from './entries.js'
import { ScopeDefinitionError } from './faults.js'
import { grantOf, type Grant } from './grant.js'
import { inclusionPath } from './inclusion-path.js'
import { coverage } from './inclusion.js'
import { checkOffers, checkRequires, missingRequired, type MissingRequired } from './required.js'
import { readRequirement, type Requirement, type ScopeRequirement } from './requirement.js'
import type { Resource, ResourceOption } from './resources.js'
import { spelling } from './spelling.js'

/** A scope name, or a pattern: `devices:*`, `*:read`, `*`. A `*` is one whole segment, a final one one or more. */
export type Inclusion<Name extends string = string> = Name | '*' | `${string}:*` | `*:${string}` | `${string}:*:${string}`

/** What a catalog says of one scope; a plain description stands for `{ description }`. */
export interface ScopeEntry<Name extends string = string> {
  /** For people: in pickers, in lists, on the reference page. */
  readonly description?: string
  /** Holding this scope satisfies a demand for each of these. Directed, transitive. */
  readonly includes?: Inclusion<Name> | ReadonlyArray<Inclusion<Name>>
  /** What must be granted with this scope, by name or by something that includes it. Checked at creation, not on requests; may be cyclic. */
  readonly requires?: Name | readonly Name[]
  /** Default `active`. `planned` and `under-review` are known, but refused at creation, and a route that demands one does not start. */
  readonly status?: ScopeStatus
  /** With `status: 'deprecated'`: the name that takes its place. Both mean the same, granted or demanded; denials use the new one. */
  readonly replacedBy?: Name
  /** Not to be offered in a picker, though it may be granted. Default `false`. */
  readonly hidden?: boolean
}

export interface CatalogOptions<Name extends string = string> {
  /** The grant of a key created without naming scopes. (An empty list of scopes grants nothing.) Default: none, scopes must be named. */
  readonly defaultGrant?: readonly Name[]
  /** Combinations worth a name, such as `{ 'CI deploy': ['apps:deploy', 'clusters:read'] }`. */
  readonly presets?: Readonly<Record<string, readonly Name[]>>
  /** Headings and sentences for groups of scopes, in the order in which to show them: `{ 'audit-logs': 'Audit logs' }`. */
  readonly resources?: Readonly<Record<string, ResourceOption>>
}

/** Every scope an API knows. Made by `defineScopes`; immutable. */
export interface Catalog<Name extends string = string> {
  /** In the order of definition (whole numbers first, as in any object). */
  readonly scopes: ReadonlyMap<Name, Entry>
  readonly defaultGrant: readonly Name[] | undefined
  readonly presets: ReadonlyMap<string, readonly Name[]>
  /** All scopes, each under one heading. */
  readonly resources: ReadonlyArray<Resource<Name>>
  /** What these scopes open today. Unknown names open nothing. */
  grant (names: readonly string[]): Grant
  /**
   * Through what a grant covers a scope: a shortest chain from one of the granted names to the scope, by names and patterns, such as
   * `['full', '*', 'clusters:read']`; `['old:name', 'new:name']` where one replaces the other; the scope alone if it was granted by
   * name. `null` if the grant does not cover it.
   */
  path (granted: readonly string[], scope: string): readonly string[] | null
  /** What must be granted with these scopes and is not covered by them: each missing scope, with those that require it. */
  missingRequired (names: readonly string[]): MissingRequired
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
  const today = spelling(scopes, faults)
  const covered = coverage(scopes, today, faults)
  const { defaultGrant, presets, resources } = readOptions(options, scopes, faults)
  const missing = (names: readonly string[]) => missingRequired(names, scopes, today, covered)
  checkRequires(scopes, faults)
  // Of a catalog that is sound so far: what it offers to grant must not be refused to whoever takes it.
  if (faults.length === 0) checkOffers({ defaultGrant, presets }, missing, faults)
  if (faults.length > 0) throw new ScopeDefinitionError('bad catalog', faults)

  // Of thousands of routes most demand one scope, and many the same.
  const demanded = new Map<string, Requirement>()
  return Object.freeze({
    scopes: scopes as ReadonlyMap<string, Entry> as ReadonlyMap<Name, Entry>,
    defaultGrant: defaultGrant as readonly Name[] | undefined,
    presets: presets as ReadonlyMap<string, readonly string[]> as ReadonlyMap<string, readonly Name[]>,
    resources: resources as ReadonlyArray<Resource<Name>>,
    grant: (names: readonly string[]) => grantOf(names, covered, today),
    path: inclusionPath(scopes),
    missingRequired: missing,
    requirement: (demand: ScopeRequirement) => {
      const known = typeof demand === 'string' ? demanded.get(demand) : undefined
      const requirement = known ?? readRequirement(demand, scopes, today)
      if (typeof demand === 'string') demanded.set(demand, requirement)
      return requirement
    }
  })
}
