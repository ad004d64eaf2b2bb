// Each view of an app as one that answers whether a request is let through, by nothing but what it shows.
import type { FastifyInstance } from 'fastify'
import type { GuardedRoute } from '../../lib/index.js'
import { lockOf, lockText, type LockedRoute } from '../../lib/lock.js'
import { describeScopes } from '../../lib/reports/openapi.js'
import { scopeReference, type ScopeReference } from '../../lib/reports/reference.js'
import { alternativesIn, covering, meets, type Ask, type Verdict } from './agreement-set-up.js'
import { constraintsFor } from './samples.js'

export interface View {
  readonly name: string
  /** Shows the app, once it has its keys. What it answers tells of requests; `undefined`: of this one it says nothing. */
  of (app: FastifyInstance): Promise<(ask: Ask) => Verdict | undefined | Promise<Verdict | undefined>>
}

/** Who may call something, as views write it down. */
interface Written {
  readonly access: string
  readonly demands: ReadonlyArray<ReadonlyArray<readonly string[]>>
  readonly conditions: ReadonlyArray<ReadonlyArray<readonly string[]>>
  readonly isReport: boolean
}

export const VIEWS: readonly View[] = [
  {
    name: 'routes()',
    async of (app) {
      const covered = covering([...app.apiKeys.catalog.scopes.values()])
      return ({ route, ...ask }) => verdictOf(writtenIn(route), covered, ask)
    }
  },
  {
    name: 'explain() of scopes',
    of: async app => async ({ route, sample, caller }) => {
      if (caller.type !== 'apiKey') return undefined
      return explained(await app.apiKeys.explain({ scopes: caller.scopes as never }, route.method, route.url, { constraints: { ...constraintsFor(route) } }), sample.applies)
    }
  },
  {
    name: 'explain() of a key',
    of: async app => async ({ route, sample, caller }) => {
      // Asking the store for each takes its time.
      if (caller.type !== 'apiKey' || route.url.length % 4 > 0) return undefined
      return explained(await app.apiKeys.explain({ id: caller.id }, route.method, route.url, { constraints: { ...constraintsFor(route) } }), sample.applies)
    }
  },
  {
    name: 'whoCan()',
    async of (app) {
      const answers = await whoCanCall(app)
      return ({ route, sample: { applies }, caller }) => {
        const who = answers.get(route)!
        if (who.everybody || caller.type === 'nobody') return { allowed: who.everybody }
        if (caller.type === 'user') return { allowed: who.users }
        const able = who.keys.get(caller.id)
        return { allowed: able !== undefined && (route.mode === 'report' || applies.every(i => able.conditions[i])) }
      }
    }
  },
  {
    name: 'whoCan(): the scopes that open a route alone',
    async of (app) {
      const answers = await whoCanCall(app)
      return ({ route, sample: { applies }, caller }) => {
        const [scope, ...others] = caller.scopes
        if (scope === undefined || others.length > 0 || applies.length > 1 || route.access !== 'scopes' || route.mode === 'report') return undefined
        const { alone, smallest } = applies.length === 0 ? answers.get(route)! : answers.get(route)!.conditions[applies[0]!]!
        return { allowed: smallest.some(names => names.length === 0) || (alone as readonly string[]).includes(scope) }
      }
    }
  },
  {
    name: 'the reference',
    async of (app) {
      const reference = JSON.parse(JSON.stringify(scopeReference(app, { hidden: true, include: () => true }))) as ScopeReference
      const scopes = reference.resources.flatMap(resource => resource.scopes)
      const covered = (granted: readonly string[]) => new Set(granted.flatMap(name => {
        const scope = scopes.find(scope => scope.name === name)
        return scope === undefined ? [] : [name, ...scope.includes.scopes, ...scope.replaces, ...scope.replacedBy === null ? [] : [scope.replacedBy]]
      }))
      const endpoints = new Map([...reference.severalScopes, ...reference.anyKey, ...reference.userOnly, ...reference.public, ...scopes.flatMap(({ endpoints }) => endpoints)].map(endpoint => [placeOf(endpoint), endpoint]))
      return ({ route, ...ask }) => {
        // Outsiders are told what is needed, and not that it is not enforced yet.
        const endpoint = route.mode === 'report' ? undefined : endpoints.get(placeOf(route))
        return endpoint && verdictOf(writtenIn({ ...endpoint, mode: 'enforce' }), covered, ask)
      }
    }
  },
  {
    name: 'what a scope opens in the reference',
    async of (app) {
      const { resources } = scopeReference(app, { hidden: true, include: () => true })
      const scopes = new Map(resources.flatMap(resource => resource.scopes).map(scope => [scope.name, scope]))
      // It is also told under scopes that are needed for some requests alone, or together with others.
      const isForOne = ({ access, scopes, conditions }: GuardedRoute) => access === 'scopes' && scopes.length === 1 && scopes[0]!.length === 1 && conditions.length === 0
      return ({ route, caller }) => {
        if (caller.type !== 'apiKey' || !isForOne(route) || route.mode === 'report') return undefined
        const covered = caller.scopes.flatMap(name => [name, ...scopes.get(name)?.includes.scopes ?? [], ...[scopes.get(name)?.replacedBy ?? []].flat()])
        return { allowed: covered.some(name => scopes.get(name)?.endpoints.some(endpoint => placeOf(endpoint) === placeOf(route))) }
      }
    }
  },
  {
    name: 'OpenAPI',
    async of (app) {
      const paths: Record<string, Record<string, object>> = {}
      for (const { method, url } of app.apiKeys.routes()) (paths[pathOf(url)] ??= {})[method.toLowerCase()] = { responses: {} }
      const document = describeScopes(app, { openapi: '3.1.0', info: { title: 'it', version: '1' }, paths })
      const covered = covering([...app.apiKeys.catalog.scopes.values()])
      return ({ route, sample: { applies }, caller }) => {
        const operation = document.paths[pathOf(route.url)]![route.method.toLowerCase()] as { security?: Array<Record<string, string[]>>, 'x-conditional-scopes'?: Array<{ scopes: unknown }>, description?: string }
        // One operation stands for routes that differ in version or host.
        if (operation.security === undefined || Object.keys(route.constraints).length > 0) return undefined
        if (operation.security.length === 0) return { allowed: true }
        const isReport = operation.description?.includes('(report mode: not enforced)') === true
        if (caller.type === 'nobody' || isReport) return { allowed: caller.type !== 'nobody' }
        if (caller.type === 'user') return { allowed: operation.security.some(way => 'userSession' in way) }
        const ways = operation.security.filter(way => 'apiKey' in way).map(({ apiKey }) => apiKey!)
        const conditions = applies.map(i => alternativesIn(operation['x-conditional-scopes']![i]!.scopes))
        return { allowed: ways.length > 0 && meets(covered(caller.scopes), [ways, ...conditions]) }
      }
    }
  },
  {
    name: 'the lock file',
    async of (app) {
      const lock = JSON.parse(lockText(lockOf(app))) as { routes: LockedRoute[], scopes: Record<string, { includes?: string[], status?: string, replacedBy?: string }> }
      const covered = covering(Object.entries(lock.scopes).map(([name, { includes = [], status = 'active', replacedBy = null }]) => ({ name, includes, status, replacedBy })))
      const locked = new Map(lock.routes.map(locked => [JSON.stringify([locked.route, locked.constraints ?? {}]), locked]))
      return ({ route, sample, caller }) => {
        const { scopes, scopesWhen = [], userOnly, scopesMode, public: isPublic } = locked.get(JSON.stringify([`${route.method} ${route.url}`, route.constraints]))!
        // Its conditions are in an order of their own.
        const conditions = scopesWhen.map(({ scopes }) => alternativesIn(scopes)).map(sortedText)
        const applying = sample.applies.map(i => route.conditions[i]!.scopes)
        if (!applying.every(alternatives => conditions.includes(sortedText(alternatives)))) return { allowed: false }
        const access = isPublic === true ? 'public' : userOnly === true ? 'userOnly' : 'scopes'
        return verdictOf({ access, demands: scopes === undefined ? [] : [alternativesIn(scopes)], conditions: applying, isReport: scopesMode === 'report' }, covered, { caller, sample: { applies: applying.map((_, i) => i) } })
      }
    }
  }
]

/** Asked once of an app, for more than one view tells it. */
async function whoCanCall (app: FastifyInstance) {
  if (!WHO_CAN.has(app)) WHO_CAN.set(app, askWhoCan(app))
  return await WHO_CAN.get(app)!
}

const WHO_CAN = new WeakMap<FastifyInstance, ReturnType<typeof askWhoCan>>()

async function askWhoCan (app: FastifyInstance) {
  return new Map(await Promise.all(app.apiKeys.routes().map(async route => {
    const { keys, ...who } = await app.apiKeys.whoCan(route.method, route.url, { constraints: { ...constraintsFor(route) }, limit: 1000 })
    return [route, { ...who, keys: new Map(keys?.map(able => [able.record.id, able])) }] as const
  })))
}

function writtenIn ({ access, scopes, conditions, mode }: Pick<GuardedRoute, 'access' | 'scopes' | 'conditions' | 'mode'>): Written {
  return { access, demands: [scopes], conditions: conditions.map(({ scopes }) => scopes), isReport: mode === 'report' }
}

function verdictOf ({ access, demands, conditions, isReport }: Written, covered: (granted: readonly string[]) => ReadonlySet<string>, { caller, sample: { applies } }: Pick<Ask, 'caller' | 'sample'>): Verdict {
  if (access === 'public') return { allowed: true }
  if (caller.type === 'nobody') return { allowed: false }
  if (caller.type === 'user' || isReport) return { allowed: true }
  return { allowed: access === 'scopes' && meets(covered(caller.scopes), [...demands, ...applies.map(i => conditions[i]!)]) }
}

function explained (explanation: Awaited<ReturnType<FastifyInstance['apiKeys']['explain']>>, applies: readonly number[]): Verdict {
  const { allowed, denial, missing, route } = explanation
  const conditions = applies.map(i => explanation.conditions[i]).filter(condition => condition !== undefined)
  if (denial !== null || conditions.length === 0) return { allowed, code: denial?.code ?? null, missing }
  const all = new Set(conditions.flatMap(({ missing }) => missing as readonly string[]))
  const unmet = conditions.some(({ met }) => !met)
  return { allowed: !unmet || route.mode === 'report', code: unmet ? 'FST_API_KEY_MISSING_SCOPE' : null, ...conditions.length === 1 && { missing: [...all] } }
}

function sortedText (alternatives: ReadonlyArray<readonly string[]>): string {
  return JSON.stringify(alternatives.map(names => [...names].sort()).sort())
}

function placeOf ({ method, url, constraints }: Pick<GuardedRoute, 'method' | 'url' | 'constraints'>): string {
  return JSON.stringify([method, url, constraints])
}

/** As OpenAPI has it; no two routes of these apps come to the same. */
function pathOf (url: string): string {
  return url.replace(/:(?!:)(\w+)(\((?:[^()]|\([^()]*\))*\))?/g, '{$1}').replace('::', ':').replace('*', '{wildcard}')
}
