import type { Catalog } from '../scopes/catalog.js'
import { isPlainObject } from '../scopes/entries.js'
import { show } from '../scopes/faults.js'
import type { ScopeName } from '../scopes/register.js'
import type { Requirement, ScopeRequirement } from '../scopes/requirement.js'
import { readConditions, readDemand, type ScopeCondition } from './conditions.js'
import type { Policy, ScopesMode } from './decision.js'

/** Who may call a route: exactly one of the three; and, unless it is for everybody, whether that is enforced (default: as the plugin's `mode` says). */
export type RouteAccess =
  | { readonly scopes: ScopeRequirement<ScopeName>, readonly scopesWhen?: readonly ScopeCondition[], readonly userOnly?: never, readonly public?: never, readonly scopesMode?: ScopesMode }
  | { readonly userOnly: true, readonly scopes?: never, readonly scopesWhen?: never, readonly public?: never, readonly scopesMode?: ScopesMode }
  | { readonly public: true, readonly scopes?: never, readonly scopesWhen?: never, readonly userOnly?: never, readonly scopesMode?: never }

export const PUBLIC: Policy = Object.freeze({ kind: 'public' })
export const USER_ONLY: Policy = Object.freeze({ kind: 'userOnly' })
export const UNANNOTATED: Policy = Object.freeze({ kind: 'unannotated' })

export interface PolicyContext {
  readonly catalog: Catalog
  /** Whether there is an `authenticateUser`. */
  readonly hasSessions: boolean
}

/**
 * Reads who may call a route from its config, which may also hold things that are not ours.
 * What is wrong is added to `faults`.
 *
 * @returns `undefined` if the config does not say.
 */
export function readPolicy (config: object, { catalog, hasSessions }: PolicyContext, faults: string[]): Policy | undefined {
  const fields = config as Record<string, unknown>
  for (const key of Object.keys(fields)) {
    if (key === 'scopes') continue
    const meant = NEAR_MISSES.get(key.toLowerCase().replace(/[-_]/g, ''))
    if (meant !== undefined && key !== meant[0]) faults.push(`config.${key} means nothing; write ${meant[1]}`)
  }

  const said = FORMS.filter(form => Object.hasOwn(fields, form))
  if (said.length > 1) faults.push(`config has ${said.join(' and ')}, but a route is for exactly one of them; leave the others out`)
  const [form] = said
  const conditional = Object.hasOwn(fields, 'scopesWhen')
  if (conditional && form !== 'scopes') faults.push('config.scopesWhen adds to config.scopes; write scopes beside it (scopes: [] if nothing else is needed)')
  if (isMisplacedMode(fields, form)) {
    faults.push(`config.mode means nothing here; write scopesMode: '${fields.mode as string}' (beside it, if config.mode is for another plugin)`)
  }
  if (faults.length > 0 || form === undefined) return undefined

  if (form === 'scopes') {
    const demand = readDemand(fields.scopes, 'config.scopes', catalog, faults)
    // Even if the demand is wrong: every fault is told.
    const conditions = conditional ? readConditions(fields.scopesWhen, catalog, faults) : NONE
    if (demand === undefined) return undefined
    return conditions.length === 0 ? unconditional(demand) : Object.freeze({ kind: 'scopes', demand, conditions })
  }
  if (fields[form] !== true) faults.push(`config.${form} must be true (or left out), not ${show(fields[form])}`)
  if (form === 'public') return PUBLIC
  if (!hasSessions) faults.push('config.userOnly needs the plugin option authenticateUser, or nobody could ever call the route')
  return USER_ONLY
}

/** The same for the same demand: an app may have thousands of routes, which demand a few scopes. */
function unconditional (demand: Requirement): Policy {
  let policy = policies.get(demand)
  if (policy === undefined) policies.set(demand, policy = Object.freeze({ kind: 'scopes', demand, conditions: NONE }))
  return policy
}

const policies = new WeakMap<Requirement, Policy>()
const NONE: readonly never[] = Object.freeze([])

/**
 * Reads what the config of a route says of whether it is enforced. What is wrong is added to `faults`.
 *
 * @returns `undefined` if it does not say.
 */
export function readMode (config: object, faults: string[]): ScopesMode | undefined {
  if (!Object.hasOwn(config, 'scopesMode')) return undefined
  const { scopesMode } = config as { readonly scopesMode: unknown }
  if (isScopesMode(scopesMode)) return scopesMode
  faults.push(`config.scopesMode must be 'enforce' or 'report' (or left out), not ${show(scopesMode)}`)
  return undefined
}

export function isScopesMode (value: unknown): value is ScopesMode {
  return value === 'enforce' || value === 'report'
}

/**
 * `config.mode` may be for another plugin. But a route that speaks to us and says there one of our words would otherwise not be
 * enforced where it is meant to be.
 */
function isMisplacedMode (fields: Record<string, unknown>, form: string | undefined): boolean {
  return form !== undefined && form !== 'public' && isScopesMode(fields.mode) && !Object.hasOwn(fields, 'scopesMode')
}

/** The same as `readPolicy` for an object that holds nothing else: an answer of `annotate`, or the option `notFound`. */
export function readAccess (access: unknown, context: PolicyContext, faults: string[]): Policy | undefined {
  if (!isPlainObject(access)) {
    faults.push(`expected { scopes }, { userOnly: true } or { public: true }, not ${show(access)}`)
    return undefined
  }
  const strange = Object.keys(access).filter(key => key !== 'scopesWhen' && key !== 'scopesMode' && !FORMS.includes(key))
  const policy = readPolicy(access, context, faults)
  if (faults.length === 0 && (policy === undefined || strange.length > 0)) {
    faults.push(`expected { scopes }, { userOnly: true } or { public: true }, not ${show(access)}`)
  }
  return policy
}

const FORMS: readonly string[] = ['scopes', 'userOnly', 'public']

/** What people write, in lower case and without separators: the right key, and how to put it. */
const NEAR_MISSES = new Map<string, readonly [key: string, example: string]>([
  ['scope', ['scopes', 'scopes: \'...\'']],
  ['scopes', ['scopes', 'scopes: \'...\'']],
  ['requiredscope', ['scopes', 'scopes: \'...\'']],
  ['requiredscopes', ['scopes', 'scopes: [...]']],
  ['scopewhen', ['scopesWhen', 'scopesWhen: [...]']],
  ['scopeswhen', ['scopesWhen', 'scopesWhen: [...]']],
  ['scopesif', ['scopesWhen', 'scopesWhen: [...]']],
  ['allof', ['scopes', 'scopes: [...]']],
  ['anyof', ['scopes', 'scopes: { anyOf: [...] }']],
  ['useronly', ['userOnly', 'userOnly: true']],
  ['usersonly', ['userOnly', 'userOnly: true']],
  ['public', ['public', 'public: true']],
  ['ispublic', ['public', 'public: true']],
  ['scopemode', ['scopesMode', 'scopesMode: \'...\'']],
  ['scopesmode', ['scopesMode', 'scopesMode: \'...\'']],
  ['reportonly', ['scopesMode', 'scopesMode: \'report\'']],
  ['reportmode', ['scopesMode', 'scopesMode: \'report\'']]
])
