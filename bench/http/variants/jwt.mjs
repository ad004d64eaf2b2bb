// @fastify/jwt: the scopes are in the token, so nothing is looked up, and nothing can be revoked.
import jwt from '@fastify/jwt'
import { SCOPE } from './digests.mjs'
import { addRoute, fastify, serving } from './route.mjs'

export async function verified (settings) {
  return await protectedBy({}, settings)
}

/** With the cache of verified tokens that its documentation offers, as large as there are tokens. Its keys are hashes of the tokens. */
export async function cached (settings) {
  return await protectedBy({ cache: settings.keys }, settings)
}

async function protectedBy (verify, { keys: count }) {
  const app = fastify()
  await app.register(jwt, { secret: 'a secret of thirty-two characters', sign: { algorithm: 'HS256' }, verify: { algorithms: ['HS256'], ...verify } })
  app.addHook('onRequest', async (request, reply) => {
    await request.jwtVerify()
    if (!request.user.scope.split(' ').includes(SCOPE)) return reply.code(403).send()
  })
  addRoute(app)
  await app.ready()
  return serving(app, Array.from({ length: count }, (_, i) => app.jwt.sign({ sub: `user-${i}`, scope: `apps:read ${SCOPE}` }, { expiresIn: '1d' })))
}
