/** Checks over HTTP that an example does what its page says: every grant, every row. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { OutgoingHttpHeaders } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import type { FastifyInstance } from 'fastify'
import { memoryStore } from 'fastify-api-key-scopes'
import type { Test } from 'tap'
import { adminSession } from '../../examples/session.js'
import { startClient, type BuildApp, type Client } from './client.js'
import { expectedOfKey, expectedOfStranger, isComplete, type Expectation, type Reading, type Row } from './conformance.expectation.js'
import { completed, grantsOf, type Tried } from './conformance.grants.js'

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
    ...grants.filter(([, granted]) => isComplete(granted, page)).map(([title, granted]) => ({ title: `a key with ${title}`, run: () => grant(page, granted) })),
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

async function grant (page: Page, granted: readonly string[]): Promise<string[]> {
  return await withClient(page, async (client) => await keyOf(client, page, { scopes: granted }, granted))
}

/** All in one app: they change nothing. */
async function incomplete (page: Page, grants: ReadonlyArray<readonly [title: string, granted: readonly string[]]>): Promise<string[]> {
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
    if (page.defaultGrant !== undefined) return await keyOf(client, page, {}, page.defaultGrant)
    const { status } = await client.ask(`POST ${keysPath(page)}`, client.session, { name: 'one' })
    return compare('creating it', { status }, { status: 400 })
  })
}

async function keyOf (client: Client, page: Page, fields: object, granted: readonly string[]): Promise<string[]> {
  const { key, record } = await client.createKey({ name: 'one', ...fields })
  const stored = isDeepStrictEqual(record.scopes, granted) ? [] : [`its record has ${record.scopes.join(', ')}`]
  return [...stored, ...await tryRows(client, page, headersOf(page, key), row => expectedOfKey(row, granted, page))]
}

async function user (page: Page): Promise<string[]> {
  const watched = [...page.watch ?? [], keysPath(page)]
  return await withClient(page, async (client) => {
    const before = await client.snapshot(watched)
    const found = await tryRows(client, page, client.session, ({ succeeds }) => ({ status: succeeds }))
    const after = await client.snapshot(watched)
    return [...found, ...watched.filter((_, i) => isDeepStrictEqual(before[i], after[i])).map(path => `${path} has not changed`)]
  })
}

async function refusals (page: Page): Promise<string[]> {
  const watched = [...page.watch ?? [], keysPath(page)]
  return await withClient(page, async (client) => {
    const { key, record } = await client.createKey({ name: 'nothing', scopes: [] })
    const before = await client.snapshot(watched)
    for (const row of page.rows) {
      const isRefused = expectedOfKey(row, [], page).body !== undefined
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

    const found: string[] = []
    const offers = { 'a revoked key': revoked.key, 'a key of another installation': foreign, 'a mistyped key': mistyped }
    for (const [title, key] of Object.entries(offers)) {
      const answers = await tryRows(client, page, headersOf(page, key), row => expectedOfStranger(row, 'a key', page))
      found.push(...answers.map(answer => `${title}: ${answer}`))
    }
    const others = await tryRows(client, page, { authorization: 'Bearer letmein' }, row => expectedOfStranger(row, 'something else', page))
    const none = await tryRows(client, page, {}, row => expectedOfStranger(row, 'nothing', page))
    return [...found, ...others.map(answer => `no session: ${answer}`), ...none.map(answer => `no credential: ${answer}`)]
  })
}

/** Sends every row, and HEAD after GET, and tells which answers are not as expected. */
async function tryRows (client: Client, page: Page, headers: OutgoingHttpHeaders, expected: (row: Row) => Expectation): Promise<string[]> {
  const spare = await client.createKey({ name: 'spare', scopes: [] })
  const found: string[] = []
  for (const row of page.rows) {
    const request = requestOf(row, spare.record.id)
    const wanted = expected(row)
    const answer = await client.ask(request, headers, row.body)
    found.push(...compare(request, { ...answer, challenge: answer.headers['www-authenticate'] }, wanted))
    if (!isGet(request)) continue
    const { status, headers: { 'www-authenticate': challenge } } = await client.ask(request.replace('GET', 'HEAD'), headers)
    found.push(...compare(request.replace('GET', 'HEAD'), { status, challenge }, { status: wanted.status, challenge: wanted.challenge }))
  }
  return found
}

interface Given { readonly status: number, readonly body?: unknown, readonly challenge?: string | undefined }

/** Tells in words if an answer is not as expected. */
export function compare (request: string, { status, body, challenge }: Given, wanted: Expectation): string[] {
  const isAsExpected = status === wanted.status && challenge === wanted.challenge && (wanted.body === undefined || isDeepStrictEqual(body, wanted.body))
  return isAsExpected ? [] : [`${request}: ${JSON.stringify({ status, body, challenge })} instead of ${JSON.stringify(wanted)}`]
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
