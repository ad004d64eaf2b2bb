/** Checks over HTTP that an example does what its page says: every grant, every row. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { OutgoingHttpHeaders } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import type { FastifyInstance } from 'fastify'
import { memoryStore } from 'fastify-api-key-scopes'
import type { Test } from 'tap'
import { adminSession } from '../../examples/session.js'
import { startClient, type BuildApp, type Client } from './client.js'
import { compare, expectedOfKey, expectedOfStranger, isComplete, type Expectation, type Reading, type Row } from './conformance.expectation.js'
import { completed, grantsOf, groupsOf, type Tried, type TriedGrant } from './conformance.grants.js'

export type { Denial, Row } from './conformance.expectation.js'

export interface Page extends Reading, Tried {
  /** What a key gets that is created without scopes. Default: such a key cannot be created. */
  readonly defaultGrant?: readonly string[]
  readonly buildApp: BuildApp
  /** Where the key management is. Default: `/api-keys`. */
  readonly keysPath?: string
  /** How a key is sent. Default: `Authorization: Bearer <key>`. */
  headers? (key: string): OutgoingHttpHeaders
  /** Paths whose answers to a GET show what the routes change; each of them does change when a user does everything. */
  readonly watch?: readonly string[]
}

export interface Check {
  readonly title: string
  /** Everything in which the app is not as the page says. */
  run (): Promise<string[]>
}

/** Asserts that every check of the page finds nothing. */
export async function conform (t: Test, page: Page): Promise<void> {
  for (const { title, run } of checksOf(page)) t.same(await run(), [], title)
}

export function checksOf (page: Page): Check[] {
  const grants = [...grantsOf(page)]
  return [
    { title: 'the table has every route of the app, and no other', run: () => routes(page) },
    ...groupsOf(grants.filter(([, granted]) => isComplete(granted, page)), granted => changedBy(granted, page)).flatMap(group => together(page, group)),
    { title: 'no key lacks what its scopes require', run: () => incomplete(page, grants.filter(([, granted]) => !isComplete(granted, page))) },
    { title: 'a key created without scopes', run: () => defaultGrant(page) },
    { title: 'a user passes everywhere, and everything really happens', run: () => user(page) },
    { title: 'a request that is refused changes nothing', run: () => refusals(page) },
    { title: 'without a credential that counts, nothing but public routes answers', run: () => strangers(page) }
  ]
}

async function routes (page: Page): Promise<string[]> {
  const declared = new Set<string>()
  const watch = (message: unknown) => {
    (message as { fastify: FastifyInstance }).fastify.addHook('onRoute', ({ method, url }) => {
      for (const name of [method].flat()) declared.add(`${name} ${url}`)
    })
  }
  subscribe('fastify.initialization', watch)
  const app = await page.buildApp({ store: memoryStore(), authenticateUser: adminSession().authenticateUser })
  unsubscribe('fastify.initialization', watch)
  await app.ready()
  await app.close()

  const listed = new Set(page.rows.flatMap(({ route }) => isGet(route) ? [route, route.replace('GET', 'HEAD')] : [route]))
  return [
    ...[...declared].filter(route => !listed.has(route)).map(route => `${route} is not in the table`),
    ...[...listed].filter(route => !declared.has(route)).map(route => `the app has no ${route}`)
  ]
}

/** A check of each of these grants, all in one app. */
function together (page: Page, grants: readonly TriedGrant[]): Check[] {
  let tried: Promise<string[][]> | undefined
  const tryAll = async () => await withClient(page, async client => await keysOf(client, page, grants.map(([, granted]) => [{ scopes: granted }, granted])))
  return grants.map(([title], i) => ({ title: `a key with ${title}`, run: async () => (await (tried ??= tryAll()))[i]! }))
}

/** The rows that change something and succeed with this grant. */
function changedBy (granted: readonly string[], page: Page): readonly Row[] {
  const expected = expectedOfKey(granted, page)
  return page.rows.filter(row => !isGet(row.route) && expected(row).body === undefined)
}

/** All in one app: they change nothing. */
async function incomplete (page: Page, grants: readonly TriedGrant[]): Promise<string[]> {
  return await withClient(page, async (client) => {
    const found: string[] = []
    for (const [title, granted] of grants) {
      const { status, body } = await client.ask(`POST ${keysPath(page)}`, client.session, { name: 'one', scopes: granted })
      found.push(...compare(`creating a key with ${title}`, { status, body: (body as { code?: string }).code }, { status: 400, body: 'FST_API_KEY_INVALID_INPUT' }))
    }
    return found
  })
}

async function defaultGrant (page: Page): Promise<string[]> {
  return await withClient(page, async (client) => {
    if (page.defaultGrant !== undefined) return (await keysOf(client, page, [[{}, page.defaultGrant]]))[0]!
    const { status } = await client.ask(`POST ${keysPath(page)}`, client.session, { name: 'one' })
    return compare('creating it', { status }, { status: 400 })
  })
}

/** Creates a key with each of these fields, which comes to this grant, and tells what is wrong with it. */
async function keysOf (client: Client, page: Page, wanted: ReadonlyArray<readonly [fields: object, granted: readonly string[]]>): Promise<string[][]> {
  const callers: Caller[] = []
  const stored: string[][] = []
  for (const [fields, granted] of wanted) {
    const { key, record } = await client.createKey({ name: 'one', ...fields })
    callers.push({ headers: headersOf(page, key), expected: expectedOfKey(granted, page) })
    stored.push(isDeepStrictEqual(record.scopes, granted) ? [] : [`its record has ${record.scopes.join(', ')}`])
  }
  const answered = await tryRows(client, page, ...callers)
  return stored.map((found, i) => [...found, ...answered[i]!])
}

async function user (page: Page): Promise<string[]> {
  const watched = [...page.watch ?? [], keysPath(page)]
  return await withClient(page, async (client) => {
    const before = await client.snapshot(watched)
    const [found] = await tryRows(client, page, { headers: client.session, expected: ({ succeeds }) => ({ status: succeeds }) })
    const after = await client.snapshot(watched)
    return [...found!, ...watched.filter((_, i) => isDeepStrictEqual(before[i], after[i])).map(path => `${path} has not changed`)]
  })
}

async function refusals (page: Page): Promise<string[]> {
  const watched = [...page.watch ?? [], keysPath(page)]
  return await withClient(page, async (client) => {
    const { key, record } = await client.createKey({ name: 'nothing', scopes: [] })
    const before = await client.snapshot(watched)
    const expected = expectedOfKey([], page)
    for (const row of page.rows) {
      const isRefused = expected(row).body !== undefined
      if (isRefused) await client.ask(requestOf(row, record.id), headersOf(page, key), row.body)
    }
    const after = await client.snapshot(watched)
    return watched.filter((_, i) => !isDeepStrictEqual(before[i], after[i])).map(path => `${path} has changed`)
  })
}

async function strangers (page: Page): Promise<string[]> {
  const everything = { name: 'everything', scopes: completed(page.scopes, page) }
  const foreign = await withClient(page, async other => (await other.createKey(everything)).key)
  return await withClient(page, async (client) => {
    const revoked = await client.createKey(everything)
    await client.ask(`DELETE ${keysPath(page)}/${revoked.record.id}`, client.session)
    const good = (await client.createKey(everything)).key
    const mistyped = `${good.slice(0, -1)}${good.endsWith('0') ? '1' : '0'}`

    const bearing = (key: string): Caller => ({ headers: headersOf(page, key), expected: row => expectedOfStranger(row, 'a key', page) })
    const callers: { readonly [title: string]: Caller } = {
      'a revoked key': bearing(revoked.key),
      'a key of another installation': bearing(foreign),
      'a mistyped key': bearing(mistyped),
      'no session': { headers: { authorization: 'Bearer letmein' }, expected: row => expectedOfStranger(row, 'something else', page) },
      'no credential': { headers: {}, expected: row => expectedOfStranger(row, 'nothing', page) }
    }
    const found = await tryRows(client, page, ...Object.values(callers))
    return Object.keys(callers).flatMap((title, i) => found[i]!.map(answer => `${title}: ${answer}`))
  })
}

interface Caller {
  readonly headers: OutgoingHttpHeaders
  expected (row: Row): Expectation
}

/** Sends every row, and HEAD after GET, for each of the callers, and tells of each which answers are not as expected. */
async function tryRows (client: Client, page: Page, ...callers: readonly Caller[]): Promise<string[][]> {
  const spare = await client.createKey({ name: 'spare', scopes: [] })
  const found = callers.map((): string[] => [])
  for (const row of page.rows) {
    const request = requestOf(row, spare.record.id)
    for (const [i, { headers, expected }] of callers.entries()) {
      const wanted = expected(row)
      const answer = await client.ask(request, headers, row.body)
      found[i]!.push(...compare(request, { ...answer, challenge: answer.headers['www-authenticate'] }, wanted))
      if (!isGet(request)) continue
      const { status, headers: { 'www-authenticate': challenge } } = await client.ask(request.replace('GET', 'HEAD'), headers)
      found[i]!.push(...compare(request.replace('GET', 'HEAD'), { status, challenge }, { status: wanted.status, challenge: wanted.challenge }))
    }
  }
  return found
}

async function withClient<Result> ({ buildApp, keysPath }: Page, use: (client: Client) => Promise<Result>): Promise<Result> {
  const client = await startClient(buildApp, keysPath)
  try {
    return await use(client)
  } finally {
    await client.close()
  }
}

function keysPath ({ keysPath = '/api-keys' }: Page): string {
  return keysPath
}

function headersOf ({ headers }: Page, key: string): OutgoingHttpHeaders {
  return headers?.(key) ?? { authorization: `Bearer ${key}` }
}

function requestOf ({ route, request = route }: Row, spareKey: string): string {
  return request.replace('<key>', spareKey)
}

function isGet (request: string): boolean {
  return request.startsWith('GET ')
}
