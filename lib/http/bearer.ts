import bearerAuth from '@fastify/bearer-auth'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Identity } from './decision.js'

/**
 * Sets up `@fastify/bearer-auth` for the keys that the store has to be asked about, in a scope of its own, so that it
 * adds nothing to the app and an app can use its own beside it.
 */
export async function bearerAuthentication (
  app: FastifyInstance,
  lookup: (key: string) => Promise<Identity>
): Promise<(request: FastifyRequest, reply: FastifyReply) => Promise<Identity>> {
  const found = new WeakMap<FastifyRequest, Identity>()
  let verifyBearerAuth: FastifyInstance['verifyBearerAuth']

  await app.register(async scope => {
    await scope.register(bearerAuth, {
      keys: [],
      addHook: false,
      specCompliance: 'rfc6749', // RFC 9110: the scheme's case does not matter
      verifyErrorLogLevel: null as never, // none: we log our own denials (`false`, as its page says, is refused)
      async auth (key, request) {
        const identity = await lookup(key)
        found.set(request, identity)
        return identity.type === 'apiKey'
      }
    })
    ;({ verifyBearerAuth } = scope)
  })

  return async (request, reply) => await new Promise(resolve => {
    verifyBearerAuth!(request, reply, () => { resolve(found.get(request) ?? { type: 'malformed' }) })
  })
}
