/** Talks to an example over HTTP on a real socket, quickly: one connection that is kept. */
import { Agent, request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders, type RequestOptions } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { memoryStore } from 'fastify-api-key-scopes'
import type { AppOptions } from '../../examples/serve.js'
import { adminSession } from '../../examples/session.js'
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
  const { hostname: host, port } = new URL(url)
  const agent = new Agent({ keepAlive: true })
  const session = { authorization: `Bearer ${token}` }
  return { url, session, ask, createKey, snapshot, close }

  async function ask (request: string, headers: OutgoingHttpHeaders = {}, body?: object): Promise<Answer> {
    const [method, path] = request.split(' ') as [string, string]
    const text = body === undefined ? undefined : JSON.stringify(body)
    return await send({ agent, host, port, method, path, headers: text === undefined ? headers : { ...headers, 'content-type': 'application/json' } }, text)
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
    agent.destroy()
    await app.close()
  }
}

function send (options: RequestOptions, text: string | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(options, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => { body += chunk })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: read(body, response.headers) }))
    })
    request.on('error', reject)
    request.end(text)
  })
}

function read (body: string, { 'content-type': type = '' }: IncomingHttpHeaders): unknown {
  return body !== '' && type.startsWith('application/json') ? JSON.parse(body) : body
}
