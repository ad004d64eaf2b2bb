import type { FastifyInstance } from 'fastify'
import type { Data } from '../data.js'
import { body, description, word } from './schema.js'

/** `key:value` */
interface Id { Params: { tag: string } }
interface Create { Body: { key: string, value: string, description?: string } }
interface Update { Body: { description: string } }

export async function tagEndpoints (api: FastifyInstance, { data: { hosts, tags } }: { data: Data }): Promise<void> {
  api.post<Create>('/tags', {
    config: { scopes: 'tags:create' },
    schema: body({ key: word, value: word }, { description })
  }, async ({ body: { key, value, description = '' } }) => {
    return { data: tags.add({ id: `${key}:${value}`, key, value, description }) }
  })

  api.get('/tags', { config: { scopes: 'tags:list' } }, async () => ({ data: tags.list() }))

  api.get<Id>('/tags/:tag', { config: { scopes: 'tags:read' } }, async ({ params }) => ({ data: tags.get(params.tag) }))

  api.put<Id & Update>('/tags/:tag', { config: { scopes: 'tags:update' }, schema: body({ description }) }, async ({ params, body }) => {
    return { data: tags.update(params.tag, body) }
  })

  api.delete<Id>('/tags/:tag', { config: { scopes: 'tags:delete' } }, async ({ params: { tag } }) => {
    tags.remove(tag)
    for (const host of hosts.list()) hosts.update(host.id, { tags: host.tags.filter(name => name !== tag) })
    return { data: {} }
  })
}
