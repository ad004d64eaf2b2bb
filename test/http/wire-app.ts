// What the tests of this folder share that look at an app from outside: an app with a route of each kind, keys in every
// state, what was logged, and sockets for what `inject` cannot say.
import { connect, type AddressInfo, type Socket } from 'node:net'
import { setImmediate as afterThat } from 'node:timers/promises'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyServerOptions, LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { apiKeyScopes, defineScopes, memoryStore } from '../../lib/index.js'
import type { ApiKeyScopesOptions, StoredKey } from '../../lib/index.js'
import { fingerprintOf } from '../../lib/keys/digest.js'
import { generateKey, startOf } from '../../lib/keys/key-format.js'
import { sampleKey } from '../../lib/testing/store-cases/store-case.js'

export const scopes = defineScopes({
  full: { description: 'All endpoints', includes: '*' },
  'clusters:read': 'List and get clusters',
  'clusters:write': { includes: 'clusters:read' },
  'hosts:create': '',
  'hosts:enroll': '',
  'devices:read': '',
  'devices:provision': '',
  'a!#$%&\'()+,-./:;<=>?@[]^_`{|}~': 'every character that RFC 6749 allows and nobody expects',
  'https://api.example.com/auth/files.readonly': '',
  'nodes:drain': { status: 'planned' }
}, { defaultGrant: ['clusters:read'] })

export const ODD = 'a!#$%&\'()+,-./:;<=>?@[]^_`{|}~'
export const URL_SCOPE = 'https://api.example.com/auth/files.readonly'
export const PREFIX = 'skale'

export const JSON_TYPE = 'application/json; charset=utf-8'

/** The challenge of the realm `api`. */
export const challenge = (parameters = '') => `Bearer realm="api"${parameters && `, ${parameters}`}`

export const bearer = (value: string) => ({ authorization: `Bearer ${value}` })

/** A store that counts its reads, and does what `before` says before each. */
export function watchedStore () {
  const store = memoryStore()
  const watched = {
    ...store,
    reads: 0,
    before: (async () => {}) as (digest: string) => unknown,
    async findByDigest (digest: string) {
      watched.reads++
      await watched.before(digest)
      return await store.findByDigest(digest)
    }
  }
  return watched
}
export type WatchedStore = ReturnType<typeof watchedStore>

/** Puts a key into a store, in whatever state, and answers it. */
export async function plant (store: Pick<WatchedStore, 'insert'>, overrides: Partial<StoredKey> = {}, key = generateKey(PREFIX)): Promise<string> {
  await store.insert(sampleKey({
    id: `id-of-${key.slice(-8)}`,
    name: 'planted',
    ownerId: null,
    digest: fingerprintOf(key),
    start: startOf(key),
    scopes: [],
    createdAt: new Date('2024-01-01T00:00:00Z'),
    ...overrides
  }))
  return key
}

/** A key that looks right and whose checksum does not fit. */
export function withBadChecksum (key = generateKey(PREFIX)): string {
  return key.slice(0, -1) + (key.endsWith('A') ? 'B' : 'A')
}

export interface LogLine extends Record<string, unknown> {
  readonly level: number
  readonly msg?: string
  readonly audit?: Record<string, unknown>
  readonly err?: { readonly message: string }
}

export const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 }

/** A logger for Fastify's `logger` option that keeps what is logged. */
export function logTo (lines: LogLine[], level = 'trace') {
  return { level, stream: { write (line: string) { lines.push(JSON.parse(line) as LogLine) } } }
}

export interface WireOptions {
  readonly plugin?: Partial<ApiKeyScopesOptions>
  readonly fastify?: FastifyServerOptions & { readonly http2?: true }
  /** Before the plugin is registered. */
  readonly before?: (app: FastifyInstance) => unknown
  /** After it. */
  readonly after?: (app: FastifyInstance) => unknown
  /** Without the routes below. */
  readonly bare?: boolean
  /** An app made elsewhere. */
  readonly app?: FastifyInstance
}

/** An app with a route of each kind, all of which count in `handled` that their handler ran. */
export async function wireApp (t: Test, { plugin = {}, fastify = {}, before, after, bare = false, app: made }: WireOptions = {}) {
  const lines: LogLine[] = []
  const store = watchedStore()
  const seen = { handled: 0 }
  const app = made ?? Fastify({ logger: logTo(lines), ...fastify } as FastifyServerOptions)
  t.teardown(() => app.close())
  await before?.(app)
  await app.register(apiKeyScopes, { scopes, store, keyPrefix: PREFIX, ...plugin } as ApiKeyScopesOptions)
  if (!bare) addRoutes(app, () => { seen.handled++ }, plugin.authenticateUser !== undefined)
  await after?.(app)
  await app.ready()
  // What there is to find is logged just after.
  await afterThat()
  const create = async (...names: string[]) => (await app.apiKeys.create({ name: 'test', scopes: names })).key
  const get = async (url: string, headers: Record<string, string> = {}) => await app.inject({ url, headers })
  return { app, store, lines, seen, create, get, denials: () => lines.flatMap<Record<string, unknown>>(line => line.audit === undefined || line.audit.outcome !== 'denied' ? [] : [{ ...line.audit, level: line.level }]) }
}

function addRoutes (app: FastifyInstance, handled: () => void, withUsers: boolean): void {
  const handler = async () => {
    handled()
    return { ok: true }
  }
  app.get('/clusters', { config: { scopes: 'clusters:read' } }, handler)
  app.post('/clusters', { config: { scopes: 'clusters:write' } }, handler)
  app.post('/hosts', { config: { scopes: ['hosts:create', 'hosts:enroll'] } }, handler)
  app.get('/devices', { config: { scopes: { anyOf: ['devices:read', 'devices:provision'] } } }, handler)
  app.get('/mixed/:id', { config: { scopes: { anyOf: [['hosts:create', 'devices:read'], 'clusters:write'] } } }, handler)
  app.get('/odd', { config: { scopes: [ODD, URL_SCOPE] } }, handler)
  app.get('/any-key', { config: { scopes: [] } }, handler)
  app.get('/public', { config: { public: true } }, handler)
  if (withUsers) app.get('/user', { config: { userOnly: true } }, handler)
}

/** Status, the headers that matter, and the body, to be compared as one. */
export function answerOf (response: LightMyRequestResponse) {
  return {
    status: response.statusCode,
    type: response.headers['content-type'],
    challenge: response.headers['www-authenticate'],
    body: response.body === '' ? '' : response.json<unknown>()
  }
}

export async function listen (app: FastifyInstance): Promise<number> {
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}

export interface RawResponse { readonly status: number, readonly head: string, readonly body: string }

/** A keep-alive connection over which any bytes can be sent; answers arrive in order. */
export class RawClient {
  readonly #socket: Socket
  #received = Buffer.alloc(0)
  #waiting: { count: number, resolve: (responses: RawResponse[]) => void, reject: (error: Error) => void } | undefined
  #responses: RawResponse[] = []
  /** Which of the requests have answers that tell the length of a body that does not come. */
  #heads: boolean[] = []
  closed = false

  constructor (port: number) {
    this.#socket = connect(port, '127.0.0.1')
    this.#socket.on('data', data => {
      this.#received = Buffer.concat([this.#received, data])
      this.#parse()
    })
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => {
      this.closed = true
      this.#waiting?.reject(new Error(`the connection was closed after ${this.#responses.length} of ${this.#waiting.count} answers`))
    })
  }

  /** Sends some requests at once and waits for as many answers. */
  async exchange (requests: ReadonlyArray<string | Buffer>): Promise<RawResponse[]> {
    this.#heads = requests.map(request => request.toString().startsWith('HEAD '))
    const answers = new Promise<RawResponse[]>((resolve, reject) => {
      this.#waiting = { count: requests.length, resolve, reject }
    })
    this.#socket.write(Buffer.concat(requests.map(request => typeof request === 'string' ? Buffer.from(request, 'latin1') : request)))
    return await answers
  }

  end (): void {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #parse (): void {
    let at = 0
    for (;;) {
      const end = this.#received.indexOf('\r\n\r\n', at)
      if (end < 0) break
      const head = this.#received.toString('latin1', at, end)
      const length = this.#heads[this.#responses.length] === true ? 0 : Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0)
      if (this.#received.length < end + 4 + length) break
      this.#responses.push({
        status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]),
        head,
        body: this.#received.toString('utf8', end + 4, end + 4 + length)
      })
      at = end + 4 + length
    }
    this.#received = this.#received.subarray(at)
    if (this.#waiting !== undefined && this.#responses.length >= this.#waiting.count) {
      const { count, resolve } = this.#waiting
      this.#waiting = undefined
      resolve(this.#responses.splice(0, count))
    }
  }
}

/** One request for a `RawClient`, its header lines as given. */
export function rawRequest (url: string, lines: readonly string[] = [], method = 'GET'): string {
  return [`${method} ${url} HTTP/1.1`, 'Host: localhost', ...lines, '', ''].join('\r\n')
}

/** How much of a large test to run: `FULL_SIZE=1` runs all of it. */
export function size (usual: number, full: number): number {
  return process.env.FULL_SIZE === undefined ? usual : full
}
