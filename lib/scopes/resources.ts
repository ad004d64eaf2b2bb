import { isPlainObject, readList, type Entry } from './entries.js'
import { didYouMean, show } from './faults.js'
import { isPattern, segmentsOf } from './name.js'
import { matching } from './patterns.js'

/** Scopes that belong under one heading, in pickers and on the reference page. Every scope is under exactly one. */
export interface Resource<Name extends string = string> {
  /** The first segment of its scopes, or what the catalog calls it; `''` for scopes of a single segment, as `full`. */
  readonly name: string
  /** For people. The name, unless the catalog says otherwise. */
  readonly heading: string
  /** A sentence for people, or `''`. */
  readonly description: string
  /** In the order of definition, those that are not in force among them. */
  readonly scopes: readonly Name[]
}

/** A heading, or more to say of a resource. */
export type ResourceOption = string | {
  readonly heading?: string
  readonly description?: string
  /** Names and patterns of its scopes, beside those whose first segment is the name of the resource. */
  readonly scopes?: string | readonly string[]
}

/** What is wrong with the option `resources` is added to `faults`. */
export function readResources (option: unknown, entries: ReadonlyMap<string, Entry>, faults: string[]): readonly Resource[] {
  if (option !== undefined && !isPlainObject(option)) {
    faults.push(`resources must be an object { name: 'Heading', ... }, not ${show(option)}`)
    option = undefined
  }
  const declared = Object.entries(option ?? {}).map(([name, value]) => readResource(name, value, faults))
  const matched = matching(entries.keys())
  const owners = new Map<string, string>()
  for (const { name, scopes } of declared) {
    for (const item of scopes) {
      const found = isPattern(item) ? matched(item) : entries.has(item) ? [item] : []
      if (found.length === 0) faults.push(`resource ${show(name)}: the catalog has no scope ${show(item)}${didYouMean(item, entries.keys())}`)
      for (const scope of found) {
        const owner = owners.get(scope)
        if (owner === undefined) owners.set(scope, name)
        // A pattern takes what is left.
        else if (owner !== name && scope === item) faults.push(`resource ${show(name)}: ${show(scope)} is under ${show(owner)} already`)
      }
    }
  }

  // The declared ones first, then what is left in the order of definition.
  const members = new Map<string, string[]>(declared.map(({ name }) => [name, []]))
  for (const scope of entries.keys()) {
    const name = owners.get(scope) ?? resourceOf(scope)
    const known = members.get(name)
    if (known === undefined) members.set(name, [scope])
    else known.push(scope)
  }
  for (const { name } of declared) {
    if (members.get(name)!.length > 0) continue
    const others = new Set([...entries.keys()].map(resourceOf))
    const why = others.has(name) ? ': they are all under others' : didYouMean(name, others)
    faults.push(`resource ${show(name)} has no scopes${why}; leave it out, or name its scopes`)
  }
  const texts = new Map(declared.map(({ name, heading, description }) => [name, { heading, description }]))
  return Object.freeze([...members].map(([name, scopes]) => {
    return Object.freeze({ name, ...texts.get(name) ?? { heading: name, description: '' }, scopes: Object.freeze(scopes) })
  }))
}

const MEMBERS = ['heading', 'description', 'scopes']

function readResource (name: string, value: unknown, faults: string[]) {
  if (typeof value === 'string') value = { heading: value }
  if (!isPlainObject(value)) {
    faults.push(`resource ${show(name)} must be a heading, or { ${MEMBERS.join(', ')} }, not ${show(value)}`)
    value = {}
  }
  const { heading = name, description = '', scopes = [], ...rest } = value as Record<string, unknown>
  for (const member of Object.keys(rest)) {
    faults.push(`resource ${show(name)}: unknown member ${show(member)}${didYouMean(member, MEMBERS)}; a resource has ${MEMBERS.join(', ')}`)
  }
  for (const [member, text] of Object.entries({ heading, description })) {
    if (typeof text !== 'string') faults.push(`resource ${show(name)}: ${member} must be a string, not ${show(text)}`)
  }
  const list = readList(scopes)
  if (list === undefined) faults.push(`resource ${show(name)}: scopes must be a scope name, a pattern or a list of them, not ${show(scopes)}`)
  return { name, heading: heading as string, description: description as string, scopes: list ?? [] }
}

/** The first of several segments. */
function resourceOf (scope: string): string {
  const segments = segmentsOf(scope)
  return segments.length > 1 ? segments[0]! : ''
}
