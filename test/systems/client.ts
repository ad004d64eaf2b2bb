/** Talks to an example over HTTP on a real socket, quickly: one connection that is kept. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { memoryStore } from 'fastify-api-key-scopes'
import type { AppOptions } from '../../examples/serve.js'
import { adminSession } from '../../examples/session.js'
import { Connection } from './connection.js'
import { withKeptValidators } from './kept-validators.js'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** The body: parsed if it is JSON, else as text. */
  readonly body: unknown
}

export interface CreatedKey { readonly key: string, readonly record: { readonly id: string, readonly scopes: readonly string[] } }

export interface Client {
  readonly url: string
  /** The headers of the administrator's session. */
  readonly session: OutgoingHttpHeaders
  /** `ask('POST /clusters', headers, { ... })` */
  ask (request: string, headers?: OutgoingHttpHeaders, body?: object): Promise<Answer>
  /** Creates a key over HTTP, as the administrator. */
  createKey (fields: object): Promise<CreatedKey>
  /** The answers of these paths to a GET of the administrator. */
  snapshot (paths: readonly string[]): Promise<unknown[]>
  close (): Promise<void>
}

/** How an app is started: `examples/<system>/app.ts` exports one of these. */
export type BuildApp = (options: AppOptions) => Promise<FastifyInstance>

/** Starts a fresh app on a port of its own. */
export async function startClient (buildApp: BuildApp, keysPath = '/api-keys'): Promise<Client> {
  const { token, authenticateUser } = adminSession()
  const app = await withKeptValidators(async () => await buildApp({ store: memoryStore(), authenticateUser }))
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const connection = new Connection(Number(new URL(url).port))
  const session = { authorization: `Bearer ${token}` }
  return { url, session, ask, createKey, snapshot, close }

  async function ask (request: string, headers: OutgoingHttpHeaders = {}, body?: object): Promise<Answer> {
    const [method, path] = request.split(' ') as [string, string]
    const answer = body === undefined
      ? await connection.request(method, path, headers)
      : await connection.request(method, path, { ...headers, 'content-type': 'application/json' }, JSON.stringify(body))
    return { status: answer.status, headers: answer.headers, body: read(answer.text, answer.headers) }
  }

  async function createKey (fields: object): Promise<CreatedKey> {
    const { status, body } = await ask(`POST ${keysPath}`, session, fields)
    if (status !== 201) throw new Error(`no key was created for ${JSON.stringify(fields)}: ${status} ${JSON.stringify(body)}`)
    return body as CreatedKey
  }

  async function snapshot (paths: readonly string[]): Promise<unknown[]> {
    return await Promise.all(paths.map(async path => (await ask(`GET ${path}`, session)).body))
  }

  async function close (): Promise<void> {
    connection.end()
    await app.close()
  }
}

function read (body: string, { 'content-type': type = '' }: IncomingHttpHeaders): unknown {
  return body !== '' && type.startsWith('application/json') ? JSON.parse(body) : body
}
