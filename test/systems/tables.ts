/** Enforces a table of operations with an app that consists of nothing else, and compares every answer with the table. */
import Fastify, { type FastifyInstance, type FastifyRequest, type HTTPMethods } from 'fastify'
import apiKeyScopes, { defineScopes, type RouteAccess, type ScopeEntry } from 'fastify-api-key-scopes'
import apiKeyRoutes from 'fastify-api-key-scopes/routes'
import type { AppOptions } from '../../examples/serve.js'
import { startClient, type Answer, type Client } from './client.js'
import { compare, expectedOfKey, expectedOfStranger, type Denial, type Expectation, type Reading, type Row } from './conformance.expectation.js'
import { grantsOf } from './conformance.grants.js'
import { routesOf } from './tables.paths.js'

export interface Operation {
  readonly method: string
  /** As OpenAPI writes it: `/devices/{device_id}`. */
  readonly path: string
  /** OR of ANDs. An empty list: nothing is required; an empty alternative: neither. */
  readonly anyOfAllOf: ReadonlyArray<readonly string[]>
  /** Scopes that are needed as well by requests that do something more. */
  readonly conditional?: ReadonlyArray<{ readonly scope: string }>
  readonly public?: boolean
  /** Not for API keys; a session needs what `anyOfAllOf` says. */
  readonly userOnly?: boolean
}

export interface Table {
  readonly name: string
  readonly operations: readonly Operation[]
  /** Scopes that no operation names. */
  readonly more?: readonly string[]
  /** What a scope includes, as the package wants to be told. */
  includes? (scope: string): string | readonly string[]
  /** The same, read naively: the other names of the table that this scope opens. */
  opens? (scope: string, names: readonly string[]): readonly string[]
}

export interface Outcome {
  readonly operations: number
  readonly scopes: number
  readonly grants: number
  readonly requests: number
  /** What cannot be said in Fastify's router as it stands, and how it is said instead. */
  readonly notes: readonly string[]
  /** Every answer that is not as the table says. */
  readonly found: readonly string[]
}

/** `enforced`, for tests of the test: what the app enforces in place of the table. */
export async function checkTable (table: Table, enforced = table): Promise<Outcome> {
  const names = namesOf(table)
  const scopes = [...names, FULL, ...names.some(isRead) ? [READ] : [], OLD]
  const reading: Reading = { realm: table.name, opens: opensOf(table, names), shown: granted => [...new Set(granted.map(today(names)))] }
  const { routes, notes } = routesOf(table.operations)
  const tried = table.operations.flatMap((operation, i) => {
    return rowsOf(operation).flatMap(row => routes[i]!.requests.map(request => ({ ...row, operation: i, request })))
  })
  const grants = grantsOf({ rows: tried, scopes, opens: reading.opens })

  let requests = 0
  const found: string[] = []
  const client = await startClient(options => build(enforced, names, options), `${KEYS}/api-keys`)
  try {
    for (const row of tried) await ask(client, row, routes[row.operation]!.headers ?? {}, expectedOfStranger(row, 'nothing', reading), 'nobody')
    for (const [turn, [title, granted]] of [...grants].entries()) {
      const { key } = await client.createKey({ name: 'one', scopes: granted })
      const matters = mattersTo(granted, reading)
      const expected = expectedOfKey(granted, reading)
      const expectedOfUser = expectedOfSession(granted, reading, table)
      for (const [i, row] of tried.entries()) {
        // In big tables, of the rows that have nothing to do with a grant, some of each are enough.
        if (!isFull && tried.length > 100 && (i + turn) % 8 > 0 && !matters(row)) continue
        const { headers } = routes[row.operation]!
        await ask(client, row, { ...headers, authorization: `Bearer ${key}` }, expected(row), `a key with ${title}`)
        if (row.needs === 'user') await ask(client, row, { ...headers, cookie: granted.join(' ') }, expectedOfUser(row), `a session with ${title}`)
      }
    }
  } finally {
    await client.close()
  }
  return { operations: table.operations.length, scopes: scopes.length, grants: grants.size, requests, notes, found }

  async function ask (client: Client, row: TriedRow, headers: Record<string, string>, expected: Expectation, who: string): Promise<void> {
    const answer: Answer = await client.ask(row.request, headers, row.body)
    const wanted = { body: { operation: row.operation }, ...expected }
    found.push(...compare(`${who}: ${row.route}`, { ...answer, challenge: answer.headers['www-authenticate'] }, wanted))
    requests++
  }
}

const isFull = process.env.FULL_SIZE !== undefined

/** Whether something that a row needs is opened by this grant, or left out of it if it is a big one. */
function mattersTo (granted: readonly string[], { opens }: Reading): (row: Row) => boolean {
  const open = new Set(granted.flatMap(opens))
  return ({ needs }) => {
    if (granted.length === 0 || needs === 'user') return true
    return needs !== 'public' && needs.flat().some(name => open.has(name) === needs.some(names => granted.length <= names.length))
  }
}

export function namesOf ({ operations, more = [] }: Table): readonly string[] {
  const named = operations.flatMap(({ anyOfAllOf, conditional = [] }) => [...anyOfAllOf.flat(), ...conditional.map(({ scope }) => scope)])
  return [...new Set([...named, ...more])]
}

// Added to the catalog of every table: all of it, all that reads, and what its first scope was called once.
const FULL = 'all:full'
const READ = 'all:read'
const OLD = 'old-spelling'
const KEYS = '/-'

async function build (table: Table, names: readonly string[], { store, authenticateUser }: AppOptions): Promise<FastifyInstance> {
  const entries: Array<[string, ScopeEntry]> = names.map(name => [name, { includes: table.includes?.(name) ?? [] }])
  const scopes = defineScopes(Object.fromEntries<ScopeEntry>([
    ...entries,
    [FULL, { includes: '*' }],
    ...names.some(isRead) ? [[READ, { includes: '*:read' }] as const] : [],
    [OLD, { status: 'deprecated', replacedBy: names[0]! }]
  ]))
  const app = Fastify({ exposeHeadRoutes: false })
  await app.register(apiKeyScopes, {
    scopes,
    store,
    keyPrefix: 'table',
    realm: table.name,
    authenticateUser: request => request.headers.cookie === undefined ? authenticateUser(request) : { id: 'user', scopes: request.headers.cookie.split(' ').filter(name => name !== '') }
  })
  await app.register(apiKeyRoutes, { prefix: KEYS })

  const { routes } = routesOf(table.operations)
  for (const [i, listed] of table.operations.entries()) {
    // Every other operation still demands the deprecated spelling.
    const spelt = (name: string) => i % 2 === 1 && name === names[0] ? OLD : name
    const operation = { ...listed, anyOfAllOf: listed.anyOfAllOf.map(all => all.map(spelt)) }
    const handler = async (request: FastifyRequest) => {
      if (operation.userOnly) request.requireScopes(demandOf(operation.anyOfAllOf))
      return { operation: i }
    }
    for (const url of routes[i]!.urls) {
      const { constraints } = routes[i]!
      app.route({ method: operation.method as HTTPMethods, url, ...constraints && { constraints }, config: accessOf(operation), handler })
    }
  }
  return app
}

function accessOf (operation: Operation): RouteAccess {
  if (operation.public) return { public: true }
  if (operation.userOnly) return { userOnly: true }
  const { conditional = [] } = operation
  const when = (scope: string) => ({ body }: FastifyRequest) => (body as { needs: readonly string[] }).needs.includes(scope)
  return { scopes: demandOf(operation.anyOfAllOf), ...conditional.length > 0 && { scopesWhen: conditional.map(({ scope }) => ({ when: when(scope), scopes: scope })) } }
}

function demandOf (anyOfAllOf: Operation['anyOfAllOf']) {
  return isOpen(anyOfAllOf) ? [] : { anyOf: anyOfAllOf }
}

function isOpen (anyOfAllOf: Operation['anyOfAllOf']): boolean {
  return anyOfAllOf.length === 0 || anyOfAllOf.some(names => names.length === 0)
}

interface TriedRow extends Row { readonly request: string, readonly operation: number }

/** One for each set of conditions that may apply. */
function rowsOf (operation: Operation): Row[] {
  const { method, path, anyOfAllOf, conditional = [] } = operation
  const route = `${method} ${path}`
  if (operation.public) return [{ route, needs: 'public', succeeds: 200 }]
  if (operation.userOnly) return [{ route, needs: 'user', succeeds: 200 }]
  if (conditional.length === 0) return [{ route, needs: isOpen(anyOfAllOf) ? [[]] : anyOfAllOf, succeeds: 200 }]

  const [base, ...others] = anyOfAllOf
  if (base === undefined || others.length > 0 || method === 'GET') throw new Error(`${route}: conditions beside this cannot be checked`)
  const subsets = conditional.reduce<string[][]>((subsets, { scope }) => [...subsets, ...subsets.map(subset => [...subset, scope])], [[]])
  return subsets.map(needs => ({ route: `${route} ${JSON.stringify(needs)}`, body: { needs }, base, needs: [[...base, ...needs]], succeeds: 200 }))
}

/** Sessions have scopes of their own here, and those are told so. */
function expectedOfSession (granted: readonly string[], reading: Reading, table: Table): (row: TriedRow) => Expectation {
  const expected = expectedOfKey(granted, {
    ...reading,
    denied: (denial: Denial) => ({ ...denial, message: denial.message.replace('API key', 'User session') })
  })
  return row => expected({ ...row, needs: table.operations[row.operation]!.anyOfAllOf })
}

function opensOf (table: Table, names: readonly string[]): Reading['opens'] {
  const known = new Map<string, readonly string[]>()
  return scope => {
    if (!known.has(scope)) known.set(scope, opens(scope))
    return known.get(scope)!
  }

  function opens (scope: string): readonly string[] {
    if (scope === FULL) return [FULL, READ, ...names]
    if (scope === READ) return [READ, ...names.filter(isRead).flatMap(opens)]
    const name = today(names)(scope)
    return [name, ...table.opens?.(name, names) ?? []]
  }
}

function today ([first]: readonly string[]) {
  return (scope: string) => scope === OLD ? first! : scope
}

/** Two segments, the second of which is `read`. */
function isRead (name: string): boolean {
  return /^[^:]+:read$/.test(name)
}
