// A stand-in for GitHub: real keys, a real server that publishes them, and reports over real sockets.
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import secretScanning, { type Leak, type SecretScanningOptions } from '../../lib/http/secret-scanning.js'
import { listen, wireApp, type WireOptions } from './wire-app.js'

export interface SigningKey { readonly id: string, readonly privateKey: KeyObject, readonly publicKey: KeyObject }

export function makeSigningKey (namedCurve = 'P-256'): SigningKey {
  return { id: randomBytes(32).toString('hex'), ...generateKeyPairSync('ec', { namedCurve }) }
}

export const pemOf = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString()

/** As GitHub publishes keys. */
export const published = (keys: readonly SigningKey[]) => ({
  public_keys: keys.map(({ id, publicKey }, i) => ({ key_identifier: id, key: pemOf(publicKey), is_current: i === keys.length - 1 }))
})

/** The headers of a report that is signed by the newest key, or by another one. */
export function signed (body: string | Uint8Array, { id, privateKey }: SigningKey) {
  return { 'github-public-key-identifier': id, 'github-public-key-signature': sign('sha256', Buffer.from(body), privateKey).toString('base64') }
}

/** A server on 127.0.0.1 that publishes the public keys of `keys`, which may be changed. */
export async function startGitHub (t: Test) {
  const keys = [makeSigningKey()]
  const asked: IncomingHttpHeaders[] = []
  let answer: ((request: IncomingMessage, response: ServerResponse) => void) | null = null
  const server = createServer((request, response) => {
    asked.push(request.headers)
    if (answer !== null) return answer(request, response)
    response.setHeader('content-type', 'application/json').end(JSON.stringify(published(keys)))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    server.close().closeAllConnections()
    await once(server, 'close')
  })
  return {
    keysUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/meta/public_keys/secret_scanning`,
    keys,
    /** The headers of each time that it was asked. */
    asked,
    /** Lets it answer in another way; `null`: with the keys again. */
    answerWith (handler: typeof answer) { answer = handler }
  }
}

/** The parts of a message to an app that listens. A body in several parts is sent in chunks. */
export interface Message {
  readonly method?: string
  readonly path?: string
  readonly headers?: Record<string, string | string[]>
  readonly body?: string | Uint8Array | ReadonlyArray<string | Uint8Array>
}

export interface Answer { readonly status: number, readonly headers: IncomingHttpHeaders, readonly text: string, readonly json: any }

/** Sends a message through a socket of its own. */
export async function send (port: number, { method = 'POST', path = '/secret-scanning/github', headers = {}, body = '' }: Message): Promise<Answer> {
  const sent = request({ port, host: '127.0.0.1', method, path, agent: false, headers: { ...!Array.isArray(body) && { 'content-length': Buffer.byteLength(body as string) }, ...headers } })
  const answered = once(sent, 'response')
  // Whoever is refused before the body is read may hang up on the rest of it.
  sent.on('error', () => {})
  for (const part of [body].flat()) if (part.length > 0) sent.write(part)
  sent.end()
  const [response] = await answered as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  return { status: response.statusCode!, headers: response.headers, text, json: text === '' ? undefined : JSON.parse(text) }
}

/** An app that listens and takes reports from a GitHub of its own. */
export async function scanningApp (t: Test, { options = {}, prefix = '', wire = {} }: { options?: SecretScanningOptions, prefix?: string, wire?: WireOptions } = {}) {
  const github = await startGitHub(t)
  const leaks: Leak[] = []
  const onLeak = (leak: Leak) => { leaks.push(leak) }
  const wired = await wireApp(t, {
    ...wire,
    after: async (app: FastifyInstance) => {
      await wire.after?.(app)
      await app.register(secretScanning, { prefix, keysUrl: github.keysUrl, onLeak, ...options })
    }
  })
  const port = await listen(wired.app)
  return {
    ...wired,
    github,
    leaks,
    port,
    /** Sends a report as GitHub would. */
    report: async (entries: unknown, { headers = {}, ...message }: Message = {}) => {
      const body = typeof entries === 'string' ? entries : JSON.stringify(entries)
      return await send(port, { path: `${prefix}/secret-scanning/github`, body, ...message, headers: { 'content-type': 'application/json', ...signed(body, github.keys.at(-1)!), ...headers } })
    },
    /** All that the store holds, to be compared. */
    everything: async () => JSON.stringify(await wired.store.list({ limit: 100_000 }))
  }
}

export const found = (token: unknown, more: object = {}) => ({ token, type: 'acme_api_key', url: 'https://github.com/octocat/hello/blob/1/.env', source: 'commit', ...more })

/** What GitHub is answered of a token. */
export const feedback = (token: string, label: 'true_positive' | 'false_positive', type = 'acme_api_key') =>
  ({ token_hash: createHash('sha256').update(token).digest('hex'), token_type: type, label })
