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
): Promise<(request: FastifyRequest, reply: FastifyReply, key: string) => Promise<Identity>> {
  const questions = new WeakMap<FastifyRequest, { readonly key: string, identity?: Identity }>()
  let verifyBearerAuth: FastifyInstance['verifyBearerAuth']

  await app.register(async scope => {
    await scope.register(bearerAuth, {
      keys: [],
      addHook: false,
      specCompliance: 'rfc6749', // RFC 9110: the scheme's case does not matter
      verifyErrorLogLevel: null as never, // none: we log our own denials (`false`, as its page says, is refused)
      // Not the key that it found itself: a hook of the app may have changed the header since the guard has read it.
      async auth (_, request) {
        const question = questions.get(request)!
        question.identity = await lookup(question.key)
        return question.identity.type === 'apiKey'
      }
    })
    ;({ verifyBearerAuth } = scope)
  })

  return async (request, reply, key) => {
    // A hook may have taken the header out meanwhile: without one it would not ask, and set a status of its own.
    if (!/^bearer /i.test(request.raw.headers.authorization ?? '')) return await lookup(key)
    return await new Promise(resolve => {
      const question: { readonly key: string, identity?: Identity } = { key }
      questions.set(request, question)
      verifyBearerAuth!(request, reply, () => { resolve(question.identity!) })
    })
  }
}
