import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import type { ApiKeyChanges } from '../keys/key-changes.js'
import type { RevokeOptions } from '../keys/life/revoke.js'
import type { RotateOptions } from '../keys/life/rotate.js'
import type { UsageQuery } from '../keys/life/usage.js'
import type { NewApiKey } from '../keys/new-key.js'
import { ApiKeyNotFoundError, BadOptionsError } from './errors.js'
import { callsOf, type Call } from './key-routes/caller.js'
import { checkFields, idIn, listQueryIn } from './key-routes/input.js'
import { accessTo, readRoutesOptions, type ApiKeyRoutesOptions } from './key-routes/options.js'
import { schemasOf, type RouteName } from './key-routes/schemas.js'
import { currentOf, pickerOf, shown } from './key-routes/shown.js'

export type { ApiKeyRoutesOptions, KeyOperation } from './key-routes/options.js'
export type { CurrentPrincipal, OfferedScope, ScopePicker, ShownApiKey } from './key-routes/shown.js'

/**
 * Routes by which users manage their own API keys, in a session of the application:
 *
 * - `POST /api-keys` with `{ name, scopes?, expiresAt? }` answers 201 `{ key, record }`, the only time the key is shown
 * - `GET /api-keys?limit=&cursor=&state=&unusedFor=&ownerId=` answers `{ records, cursor }`
 * - `GET /api-keys/:id` answers `{ record }`
 * - `PATCH /api-keys/:id` with `{ name?, scopes?, disabled? }` answers `{ record }`
 * - `POST /api-keys/:id/rotate` with `{ gracePeriod?, expiresAt? }`, or nothing, answers 201 `{ key, record }`
 * - `DELETE /api-keys/:id?reason=` revokes and answers 204, also if the key is revoked already
 * - `GET /api-keys/:id/usage?unusedFor=` answers `{ usage }`
 *
 * and, for any API key as well:
 *
 * - `GET /api-keys/current` answers who is calling, and what they may do
 * - `GET /api-keys/scopes` answers the scopes of the API, for a form
 *
 * Register it after fastify-api-key-scopes, with a `prefix` if you like. Who owns a key is told by the session alone, and
 * the keys of others are answered 404, unless the option `canManageAll` says that the user is an administrator. With the
 * option `keyScopes`, API keys may do some of it too.
 *
 * @throws FST_API_KEY_BAD_OPTIONS if fastify-api-key-scopes is not there, or an option is wrong.
 */
export async function apiKeyRoutes (app: FastifyInstance, options: ApiKeyRoutesOptions): Promise<void> {
  if (!app.hasDecorator('apiKeys')) {
    throw new BadOptionsError('register fastify-api-key-scopes before fastify-api-key-scopes/routes')
  }
  const { apiKeys } = app
  const { catalog } = apiKeys
  const settings = readRoutesOptions(options, catalog)
  const callOf = callsOf(settings, app.log)
  const schemas = schemasOf(catalog)
  const picker = pickerOf(catalog)

  add('create', 'POST', '/api-keys', async (request, reply, call) => {
    const { key, record } = await apiKeys.create(request.body as NewApiKey, call)
    reply.code(201)
    return { key, record: shown(record) }
  })

  add('list', 'GET', '/api-keys', async (request, _reply, call) => {
    const { records, cursor } = await apiKeys.list(listQueryIn(request), call)
    return { records: records.map(shown), cursor }
  })

  add('get', 'GET', '/api-keys/:id', async (request, _reply, call) => {
    return { record: shown(found(await apiKeys.get(idIn(request), call))) }
  })

  add('update', 'PATCH', '/api-keys/:id', async (request, _reply, call) => {
    return { record: shown(found(await apiKeys.update(idIn(request), request.body as ApiKeyChanges, call))) }
  })

  add('rotate', 'POST', '/api-keys/:id/rotate', async (request, reply, call) => {
    const { key, record } = found(await apiKeys.rotate(idIn(request), { ...request.body as RotateOptions | undefined, ...call }))
    reply.code(201)
    return { key, record: shown(record) }
  })

  add('revoke', 'DELETE', '/api-keys/:id', async (request, reply, call) => {
    found(await apiKeys.revoke(idIn(request), { ...request.query as RevokeOptions, ...call }))
    return await reply.code(204).send()
  })

  add('usage', 'GET', '/api-keys/:id/usage', async (request, _reply, call) => {
    return { usage: found(await apiKeys.usage(idIn(request), { ...request.query as UsageQuery, ...call })) }
  })

  add('current', 'GET', '/api-keys/current', async (request, _reply, { as }) => currentOf(request, as, catalog))

  add('scopes', 'GET', '/api-keys/scopes', async (_request, _reply, call) => {
    // A key that belongs to nobody cannot manage keys, but may know what there is.
    const isNobodys = call.as.type === 'apiKey' && call.as.record.ownerId === null
    return picker(isNobodys ? [] : await apiKeys.grantable(call))
  })

  function add (name: RouteName, method: HTTPMethods, url: string, handler: (request: FastifyRequest, reply: FastifyReply, call: Call) => Promise<unknown>): void {
    const schema = schemas[name]
    app.route({
      method,
      url,
      // Whatever the mode of the app: who makes keys is not to be tried out.
      config: { ...accessTo(name, settings), scopesMode: 'enforce' },
      schema,
      // The app's own may not know JSON schemas, or take liberties with what they validate.
      validatorCompiler: () => () => true,
      serializerCompiler: () => serialize,
      onSend (_request, reply, payload, done) {
        // Secrets, and who has which key, belong in no cache.
        reply.header('cache-control', 'no-store')
        done(null, payload)
      },
      async handler (request, reply) {
        checkFields(request, schema, name === 'rotate')
        return await handler(request, reply, await callOf(name, request))
      }
    })
  }
}

export default apiKeyRoutes

function found<T> (answer: T | null): T {
  if (answer === null) throw new ApiKeyNotFoundError()
  return answer
}

/** Fastify's own error handler hands over an object that shows nothing of itself: its members are those of an Error. */
function serialize (payload: unknown): string {
  if (!(payload instanceof Error)) return JSON.stringify(payload)
  const { statusCode, code, error, message } = payload as Error & { readonly statusCode: number, readonly code: string, readonly error: string }
  return JSON.stringify({ statusCode, code, error, message })
}
