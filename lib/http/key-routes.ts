import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { InvalidInputError } from '../keys/errors.js'
import type { ApiKeyChanges } from '../keys/key-changes.js'
import type { ListQuery } from '../keys/key-list.js'
import type { NewApiKey } from '../keys/new-key.js'
import type { ApiKeyRecord } from '../keys/record.js'
import { isPlainObject } from '../scopes/entries.js'
import { didYouMean, show } from '../scopes/faults.js'
import type { User } from './decision.js'
import { ApiKeyNotFoundError, BadOptionsError } from './errors.js'

/**
 * Routes by which users manage their own API keys, in a session of the application, never with an API key:
 *
 * - `POST /api-keys` with `{ name, scopes? }` answers 201 `{ key, record }`, the only time the key is shown
 * - `GET /api-keys?limit=&cursor=` answers `{ records, cursor }`
 * - `PATCH /api-keys/:id` with `{ name?, scopes? }` answers `{ record }`; 404 for another user's key
 * - `DELETE /api-keys/:id` revokes and answers 204, also if the key is revoked already; 404 for another user's key
 *
 * Register it after fastify-api-key-scopes, with a `prefix` if you like. Who owns a key is told by the session alone.
 *
 * @throws FST_API_KEY_BAD_OPTIONS if fastify-api-key-scopes is not there.
 */
export async function apiKeyRoutes (app: FastifyInstance): Promise<void> {
  if (!app.hasDecorator('apiKeys')) {
    throw new BadOptionsError('register fastify-api-key-scopes before fastify-api-key-scopes/routes')
  }
  const { apiKeys } = app
  const config = { userOnly: true } as const

  app.post('/api-keys', { config }, async (request, reply) => {
    const { key, record } = await apiKeys.create(readFields(request.body, '{ name, scopes? }') as NewApiKey, { as: userOf(request) })
    noStore(reply).code(201)
    return { key, record: shown(record) }
  })

  app.get('/api-keys', { config }, async (request, reply) => {
    const { records, cursor } = await apiKeys.list(readQuery(request.query), { as: userOf(request) })
    noStore(reply)
    return { records: records.map(shown), cursor }
  })

  app.patch('/api-keys/:id', { config }, async (request, reply) => {
    const { id } = request.params as { id: string }
    const record = await apiKeys.update(id, readFields(request.body, '{ name?, scopes? }'), { as: userOf(request) })
    if (record === null) throw new ApiKeyNotFoundError()
    noStore(reply)
    return { record: shown(record) }
  })

  app.delete('/api-keys/:id', { config }, async (request, reply) => {
    const { id } = request.params as { id: string }
    if (await apiKeys.revoke(id, { as: userOf(request) }) === null) throw new ApiKeyNotFoundError()
    return await noStore(reply).code(204).send()
  })
}

export default apiKeyRoutes

/** What a key's owner is shown of it. `metadata` is the application's own. */
function shown ({ metadata, pepperVersion, ...record }: ApiKeyRecord): Omit<ApiKeyRecord, 'metadata' | 'pepperVersion'> {
  return record
}

function userOf ({ principal }: FastifyRequest): User {
  if (principal?.type !== 'user') throw new TypeError('a key-management route was reached without a user session')
  return principal.user
}

const FIELDS = ['name', 'scopes']

function readFields (body: unknown, form: string): Pick<ApiKeyChanges, 'name' | 'scopes'> {
  if (!isPlainObject(body)) throw new InvalidInputError(`the body must be a JSON object ${form}`)
  const strange = Object.keys(body).find(field => !FIELDS.includes(field))
  if (strange !== undefined) throw new InvalidInputError(`unknown field ${show(strange)}${didYouMean(strange, FIELDS)}; the body must be ${form}`)
  return body
}

/** Numbers are text in a query. Whatever else is wrong with it, `list` will say. */
function readQuery (query: unknown): ListQuery {
  const { limit, ...rest } = query as { limit?: unknown }
  if (limit === undefined) return rest
  return { ...rest, limit: (typeof limit === 'string' && /^\d+$/.test(limit) ? Number(limit) : limit) as number }
}

/** Secrets, and who has which key, belong in no cache. */
function noStore (reply: FastifyReply): FastifyReply {
  return reply.header('cache-control', 'no-store')
}
