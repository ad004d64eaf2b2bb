/** The apps on which every view is shown: the five examples, and the one of 650 routes. */
import { randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { memoryStore } from 'fastify-api-key-scopes'
import { bigApp } from './big-app.js'

export interface ShownApp {
  readonly name: string
  /** Makes a fresh one, not ready yet, with a store of its own. */
  build (): Promise<BuiltApp>
}

export interface BuiltApp {
  readonly app: FastifyInstance
  /** The headers of a user whose session has no limits. */
  readonly user: Readonly<Record<string, string>>
}

export const EXAMPLES: readonly ShownApp[] = [
  { name: 'skaledata', build: skaledata },
  ...['miru', 'digitalocean', 'defined-networking', 'inspecto'].map(name => ({ name, build: async () => await example(name) }))
]

export const BIG: ShownApp = { name: 'the app of 650 routes', build: async () => ({ app: await bigApp(), user: { 'x-user': 'admin' } }) }

export const APPS: readonly ShownApp[] = [...EXAMPLES, BIG]

async function example (name: string): Promise<BuiltApp> {
  const user = { authorization: `Bearer session-${randomBytes(24).toString('base64url')}` }
  const authenticateUser = ({ headers }: FastifyRequest) => headers.authorization === user.authorization ? { id: 'admin' } : null
  const { buildApp } = await partOf(name, 'app')
  return { app: await buildApp({ store: memoryStore(), authenticateUser }), user }
}

/** Its users sign in at an issuer. */
async function skaledata (): Promise<BuiltApp> {
  const { startIssuer } = await partOf('skaledata', 'issuer')
  const { buildApp } = await partOf('skaledata', 'app')
  const issuer = await startIssuer()
  const app: FastifyInstance = await buildApp({ store: memoryStore(), issuer: issuer.url })
  app.addHook('onClose', async () => { await issuer.close() })
  const signedIn = await fetch(`${issuer.url}/sign-in`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"user":"alice"}' })
  const { token } = await signedIn.json() as { token: string }
  return { app, user: { authorization: `Bearer ${token}` } }
}

/** By a name that the compiler does not see: each example registers its own scopes, and two cannot be in one program. */
async function partOf (name: string, part: string): Promise<any> {
  return await import(`../../examples/${name}/${part}.js`)
}
