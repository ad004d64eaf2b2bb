import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { DASHBOARD } from './session.js'

/** Everybody who can sign in, without a password: FOR THE DEMO ONLY. */
const USERS = new Map(['alice', 'bob'].map(name => [name, { id: `user_${name}`, email: `${name}@example.com` }]))

/**
 * Stands in for Clerk: publishes its public key, and signs session tokens that are good for ten minutes.
 * Listens on 127.0.0.1 alone. Its key is made at start, so its sessions end when it ends. API keys do not.
 */
export async function startIssuer ({ port = 0 } = {}) {
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  const key = { ...await exportJWK(publicKey), kid: 'demo', alg: 'RS256', use: 'sig' }
  const app = Fastify()

  app.get('/.well-known/jwks.json', async () => ({ keys: [key] }))

  app.post<{ Body: { user: string } }>('/sign-in', {
    schema: { body: { type: 'object', required: ['user'], properties: { user: { enum: [...USERS.keys()] } } } }
  }, async ({ body }) => {
    const { id, email } = USERS.get(body.user)!
    const token = await new SignJWT({ email, azp: DASHBOARD })
      .setProtectedHeader({ alg: key.alg, kid: key.kid })
      .setIssuer(url())
      .setSubject(id)
      .setIssuedAt()
      .setExpirationTime('10 minutes')
      .sign(privateKey)
    return { token }
  })

  await app.listen({ port, host: '127.0.0.1' })
  return { url: url(), close: async () => { await app.close() } }

  function url (): string {
    return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  }
}
