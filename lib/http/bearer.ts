import bearerAuth from '@fastify/bearer-auth'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Identity } from './decision.js'

/** Takes a request, whose bearer token the store is being asked about, past `@fastify/bearer-auth`, and answers what the store said. */
export type PassBearer = (request: FastifyRequest, reply: FastifyReply, asked: Promise<Identity>) => Promise<Identity>

/**
 * Sets up `@fastify/bearer-auth` for the keys that the store has to be asked about, in a scope of its own, so that it
 * adds nothing to the app and an app can use its own beside it.
 */
export async function bearerAuthentication (app: FastifyInstance): Promise<PassBearer> {
  let verifyBearerAuth: FastifyInstance['verifyBearerAuth']

  await app.register(async scope => {
    await scope.register(bearerAuth, {
      keys: [],
      addHook: false,
      specCompliance: 'rfc6749', // RFC 9110: the scheme's case does not matter
      verifyErrorLogLevel: null as never, // none: we log our own denials (`false`, as its page says, is refused)
      // Not by the key that it found itself: a hook of the app may have changed the header since the guard has read it.
      async auth (_, request) {
        await (request as Asking)[kAsked]
        // There is an answer, which the guard judges. Of `false` it would make an error, which costs more than all the rest.
        return true
      }
    })
    ;({ verifyBearerAuth } = scope)
  })

  return (request, reply, asked) => {
    // A hook may have taken the header out meanwhile: without one it would not ask, and set a status of its own.
    if (!/^bearer /i.test(request.raw.headers.authorization ?? '')) return asked
    return new Promise(resolve => {
      ;(request as Asking)[kAsked] = asked
      verifyBearerAuth!(request, reply, () => { resolve(asked) })
    })
  }
}

const kAsked = Symbol('fastify-api-key-scopes.asked')
type Asking = FastifyRequest & { [kAsked]?: Promise<Identity> }
