import type { FastifyInstance } from 'fastify'
import findMyWay from 'find-my-way'
import type { GuardedRouteEntry } from '../http/guarded-routes.js'

/** A router over routes of the table, to be asked and not to be sent requests. */
export interface Router {
  /** `null`: none. */
  find (method: string, url: string, constraints: Readonly<Record<string, string>>): Matched | null
  /** What of these constraints routes are told apart by at all; `undefined`: by none. */
  inUse (constraints: Readonly<Record<string, string>>): Readonly<Record<string, string>> | undefined
}

export interface Matched {
  /** `undefined`: the URL is malformed, or has too long a parameter. */
  readonly entry: GuardedRouteEntry | undefined
  readonly params: Readonly<Record<string, string | undefined>>
}

export interface Strategies {
  /** Every constraint that a request may meet. */
  readonly names: readonly string[]
  /** As the app has them. */
  readonly real: ReadonlyMap<string, Strategy>
  /** A constraint is met by the text of what a route declares, and by nothing else. */
  readonly byDeclared: ReadonlyMap<string, Strategy>
}

type Strategy = findMyWay.ConstraintStrategy<findMyWay.HTTPVersion.V1>

export function readStrategies (app: FastifyInstance, entries: readonly GuardedRouteEntry[]): Strategies {
  const custom = new Map(Object.entries(optionOf(app, 'constraints') as Record<string, Strategy> | undefined ?? {}))
  const names = [...new Set([...BUILT_IN, ...custom.keys(), ...usedBy(entries)])]
  const byDeclared = new Map(names.map(name => [name, wordByWord(name)]))
  // One that was added later (`addConstraintStrategy`) is not in the config. Copies, for a router writes into them.
  const added = names.filter(name => !BUILT_IN.includes(name) && !custom.has(name)).map(name => [name, wordByWord(name)] as const)
  return { names, byDeclared, real: new Map([...[...custom].map(([name, strategy]) => [name, { ...strategy }] as const), ...added]) }
}

/** The same as Fastify's own, made by what it says of its options. */
export function routerOf (entries: readonly GuardedRouteEntry[], app: FastifyInstance, strategies: ReadonlyMap<string, Strategy>, urlOf = ({ guarded }: GuardedRouteEntry) => guarded.url): Router {
  const router = findMyWay({
    ...Object.fromEntries(OPTIONS.map(option => [option, optionOf(app, option)])),
    // Fastify has refused what it shall not have.
    allowUnsafeRegex: true,
    constraints: Object.fromEntries([...strategies].map(([name, strategy]) => [name, { ...strategy }])),
    onBadUrl () {},
    onMaxParamLength () {}
  })
  for (const entry of entries) {
    const constraints = entry.known.route.constraints ?? {}
    try {
      router.on(entry.guarded.method as findMyWay.HTTPMethod, urlOf(entry), { constraints }, () => {}, entry)
    } catch (error) {
      // As Fastify does it with a HEAD route of its own, where there is one already.
      if (!(error as Error).message.includes('already declared')) throw error
    }
  }
  const used = new Set([...usedBy(entries), ...[...strategies.values()].filter(({ mustMatchWhenDerived }) => mustMatchWhenDerived).map(({ name }) => name)])

  function inUse (constraints: Readonly<Record<string, string>>) {
    return used.size === 0 ? undefined : Object.fromEntries(Object.entries(constraints).filter(([name]) => used.has(name)))
  }
  return {
    inUse,
    find (method, url, constraints) {
      const found = router.find(method as findMyWay.HTTPMethod, url, inUse(constraints))
      return found && { entry: found.store as GuardedRouteEntry ?? undefined, params: found.params }
    }
  }
}

const BUILT_IN = ['host', 'version']

const OPTIONS = ['caseSensitive', 'ignoreDuplicateSlashes', 'ignoreTrailingSlash', 'maxParamLength', 'useSemicolonDelimiter'] as const

/** Fastify fills both places with defaults, so what is none is what the app says. */
function optionOf ({ initialConfig }: FastifyInstance, option: typeof OPTIONS[number] | 'constraints'): unknown {
  const { routerOptions = {}, ...top } = initialConfig as Record<string, unknown> & { routerOptions?: Record<string, unknown> }
  const said = routerOptions[option]
  return said === undefined || said === DEFAULTS[option] ? top[option] : said
}

const DEFAULTS: Readonly<Record<string, unknown>> = { caseSensitive: true, ignoreDuplicateSlashes: false, ignoreTrailingSlash: false, maxParamLength: 100, useSemicolonDelimiter: false }

function usedBy (entries: readonly GuardedRouteEntry[]): string[] {
  return entries.flatMap(({ known }) => Object.keys(known.route.constraints ?? {}))
}

function wordByWord (name: string): Strategy {
  return {
    name,
    storage () {
      const values = new Map<string, never>()
      return {
        get: value => values.get(String(value)) ?? null,
        set (value, handler) { values.set(String(value), handler as never) }
      }
    },
    deriveConstraint: () => ''
  }
}
