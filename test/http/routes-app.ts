import Fastify from 'fastify'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import apiKeyScopes, { defineScopes, memoryStore } from '../../lib/index.js'
import type { ApiKeyScopesOptions } from '../../lib/index.js'

export const scopes = defineScopes({
  full: { description: 'Everything', includes: '*' },
  'clusters:read': 'List clusters',
  'clusters:write': 'Change clusters',
  'devices:read': 'List devices',
  'devices:provision': 'Add devices',
  'billing:read': { description: 'Not yet', status: 'planned' }
})

/** Who a test sends as: each name but the last two is a key with these scopes. */
const GRANTS = {
  bare: [],
  read: ['clusters:read'],
  both: ['clusters:read', 'clusters:write'],
  devices: ['devices:read'],
  full: ['full']
} as const
export type Sender = keyof typeof GRANTS | 'nobody' | 'user'
export const SENDERS = ['nobody', 'bare', 'read', 'both', 'devices', 'full', 'user'] as const satisfies Sender[]

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'
export type LogLine = Record<string, unknown> & { level: number, msg?: string }

export const pluginOptions = (options: Partial<ApiKeyScopesOptions> = {}): ApiKeyScopesOptions => ({
  scopes,
  store: memoryStore(),
  keyPrefix: 'acme',
  authenticateUser: ({ headers }) => typeof headers['x-user'] === 'string' ? { id: headers['x-user'] } : null,
  ...options
})

/** An app without the plugin, whose log lines are kept. */
export function bareApp (t: Test, server: FastifyServerOptions = {}) {
  const lines: LogLine[] = []
  const app = Fastify({ logger: { level: 'trace', stream: { write: (line: string) => { lines.push(JSON.parse(line) as LogLine) } } }, ...server })
  t.teardown(async () => { await app.close() })
  return { app, lines }
}

export interface AppOptions {
  server?: FastifyServerOptions
  plugin?: Partial<ApiKeyScopesOptions>
  /** What is done to the app before the plugin is registered. */
  before?: (app: FastifyInstance) => unknown
  /** And after. */
  after?: (app: FastifyInstance) => unknown
}

/** An app with the plugin, that has started. */
export async function startedApp (t: Test, { server, plugin, before, after }: AppOptions = {}) {
  const { app, lines } = bareApp(t, server)
  await before?.(app)
  await app.register(apiKeyScopes, pluginOptions(plugin))
  await after?.(app)
  await app.ready()
  return { app, lines, ...await senders(app) }
}

/** Makes the keys of `GRANTS`, and sends requests with them. */
export async function senders (app: FastifyInstance) {
  const headers: Record<Sender, Record<string, string>> = { nobody: {}, user: { 'x-user': 'u1' }, bare: {}, read: {}, both: {}, devices: {}, full: {} }
  for (const [name, granted] of Object.entries(GRANTS)) {
    const { key } = await app.apiKeys.create({ name, scopes: granted })
    headers[name as Sender] = { authorization: `Bearer ${key}` }
  }
  const send = async (sender: Sender, url: string, method: Method = 'GET', more: Record<string, string> = {}) =>
    await app.inject({ method, url, headers: { ...headers[sender], ...more } })

  return {
    headers,
    send,
    status: async (...args: Parameters<typeof send>) => (await send(...args)).statusCode,
    /** The status that each sender gets, as `nobody 401, bare 403, ...`. */
    async statuses (url: string, method?: Method) {
      const statuses: Partial<Record<Sender, number>> = {}
      for (const sender of SENDERS) statuses[sender] = (await send(sender, url, method)).statusCode
      return statuses
    }
  }
}

/** What `ready()` rejects with, or `undefined`. */
export async function startError (app: FastifyInstance): Promise<(Error & { code: string }) | undefined> {
  return await app.ready().then(() => undefined, (error: unknown) => error as Error & { code: string })
}

/** A handler that counts how often it ran. */
export function countingHandler () {
  const handler = async () => { handler.ran++; return { handled: true } }
  handler.ran = 0
  return handler
}
