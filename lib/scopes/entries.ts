import { didYouMean, show } from './faults.js'
import { isPattern, isScopeName } from './name.js'

/**
 * Only an `active` or a `deprecated` scope can be granted, demanded by a route, or matched by a pattern. A `planned` one
 * and one `under-review` are known and listed, and open nothing.
 */
export type ScopeStatus = 'active' | 'deprecated' | 'planned' | 'under-review'

/** One scope of a catalog, as it was written, with its defaults filled in. */
export interface Entry {
  readonly name: string
  readonly description: string
  readonly includes: readonly string[]
  readonly requires: readonly string[]
  readonly status: ScopeStatus
  /** What a deprecated scope is called today: both names mean the same. */
  readonly replacedBy: string | null
  readonly hidden: boolean
}

export function isInForce ({ status }: Entry): boolean {
  return status === 'active' || status === 'deprecated'
}

/** Reads the first argument of `defineScopes`; what is wrong with it is added to `faults`. */
export function readEntries (entries: unknown, faults: string[]): Map<string, Entry> {
  const read = new Map<string, Entry>()
  if (!isPlainObject(entries)) {
    faults.push('the scopes must be a plain object { name: description, ... } (to name a scope __proto__, write [\'__proto__\'])')
    return read
  }
  for (const [name, value] of Object.entries(entries)) {
    if (!isScopeName(name)) {
      faults.push(`${show(name)} is not a scope name: use visible ASCII characters without spaces, " and \\ (RFC 6749 §3.3)`)
    } else if (isPattern(name)) {
      faults.push(`${show(name)} cannot be a scope name: a "*" between colons is a pattern, for use in includes`)
    } else {
      read.set(name, readEntry(name, value, faults))
    }
  }
  if (read.size === 0 && faults.length === 0) faults.push('the catalog is empty: name at least one scope')
  return read
}

/**
 * `null` and instances of classes are no plain objects; an object without a prototype is one, and so is one of another
 * realm: under Jest, what `structuredClone` answers has another `Object.prototype` than what the tests make.
 */
export function isPlainObject (value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

const MEMBERS = ['description', 'includes', 'requires', 'status', 'replacedBy', 'hidden']
const STATUSES: readonly unknown[] = ['active', 'deprecated', 'planned', 'under-review'] satisfies ScopeStatus[]

function readEntry (name: string, value: unknown, faults: string[]): Entry {
  if (typeof value === 'string') value = { description: value }
  if (!isPlainObject(value)) {
    faults.push(`${show(name)}: give a description, or { ${MEMBERS.join(', ')} }, not ${show(value)}`)
    value = {}
  }
  const { description = '', includes = [], requires = [], status = 'active', replacedBy = null, hidden = false, ...rest } = value as Record<string, unknown>
  const wrong = (field: string, fix: string, given: unknown) => faults.push(`${show(name)}: ${field} must be ${fix}, not ${show(given)}`)

  for (const member of Object.keys(rest)) {
    faults.push(`${show(name)}: unknown member ${show(member)}${didYouMean(member, MEMBERS)}; a scope has ${MEMBERS.join(', ')}`)
  }
  if (typeof description !== 'string') wrong('description', 'a string', description)
  if (typeof hidden !== 'boolean') wrong('hidden', 'true or false', hidden)
  if (!STATUSES.includes(status)) wrong('status', `one of ${STATUSES.join(', ')}`, status)
  const included = readList(includes)
  if (included === undefined) wrong('includes', 'a scope name, a pattern or a list of them', includes)
  const required = readList(requires)
  if (required === undefined) wrong('requires', 'a scope name or a list of them', requires)
  if (replacedBy !== null) {
    if (typeof replacedBy !== 'string') wrong('replacedBy', 'the name of a scope', replacedBy)
    if (status !== 'deprecated') faults.push(`${show(name)}: replacedBy is for a deprecated scope; write status: 'deprecated' beside it`)
    for (const [member, list] of [['includes', included], ['requires', required]] as const) {
      if (list !== undefined && list.length > 0) faults.push(`${show(name)}: leave ${member} out; the scope is the same as ${show(replacedBy)}, which has its own`)
    }
  }

  return Object.freeze({
    name,
    description: typeof description === 'string' ? description : '',
    includes: Object.freeze(included ?? []),
    requires: Object.freeze(required ?? []),
    status: status as ScopeStatus,
    replacedBy: typeof replacedBy === 'string' ? replacedBy : null,
    hidden: hidden === true
  })
}

/** A list of strings, or one string in place of a list of one; `undefined` for anything else. */
export function readList (value: unknown): string[] | undefined {
  const list = typeof value === 'string' ? [value] : value
  return Array.isArray(list) && [...list].every(item => typeof item === 'string') ? [...list as string[]] : undefined
}
