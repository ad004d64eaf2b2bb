import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Data } from '../data.js'
import { crud } from './crud.js'
import { body, count, oneOf, text } from './schema.js'

interface Id { Params: { id: string } }
interface VolumeAction { type: 'attach' | 'detach', volume_name?: string, droplet_id: string }

/** Block Storage volumes with their actions and snapshots, snapshots of Droplets, and Spaces with their access keys. */
export async function storageRoutes (app: FastifyInstance, { data }: { data: Data }): Promise<void> {
  const { droplets, spacesKeys, volumeActions, volumes } = data

  crud(app, {
    path: '/volumes',
    items: volumes,
    names: ['volume', 'volumes'],
    read: 'block_storage:read',
    create: 'block_storage:create',
    remove: 'block_storage:delete',
    fields: { name: text, region: text, size_gigabytes: count }
  })
  crud(app, {
    path: '/volumes/:volume/snapshots',
    items: data.volumeSnapshots,
    names: ['snapshot', 'snapshots'],
    within: ['volume', volumes],
    create: 'block_storage_snapshot:create',
    fields: { name: text }
  })
  crud(app, {
    path: '/volumes/snapshots',
    items: data.volumeSnapshots,
    names: ['snapshot', 'snapshots'],
    remove: 'block_storage_snapshot:delete'
  })
  crud(app, { path: '/volumes/:volume/actions', items: volumeActions, names: ['action', 'actions'], within: ['volume', volumes], read: 'block_storage_action:read' })
  crud(app, { path: '/snapshots', items: data.snapshots, names: ['snapshot', 'snapshots'], read: 'snapshot:read', remove: 'snapshot:delete' })

  const readSnapshots = { scopes: 'block_storage_snapshot:read' } as const
  app.get<Id>('/volumes/:id/snapshots', { config: readSnapshots }, async ({ params }) => {
    return { snapshots: data.volumeSnapshots.list({ volume: volumes.get(params.id).id }) }
  })

  app.get<Id>('/volumes/snapshots/:id', { config: readSnapshots }, async ({ params }) => ({ snapshot: data.volumeSnapshots.get(params.id) }))

  const attachment = { type: oneOf('attach', 'detach'), droplet_id: text }
  app.post<Id & { Body: VolumeAction }>('/volumes/:id/actions', {
    config: { scopes: 'block_storage_action:create' },
    schema: body(attachment)
  }, async ({ params, body }, reply) => {
    reply.code(202)
    return { action: attach(params.id, body) }
  })

  app.post<{ Body: VolumeAction & { volume_name: string } }>('/volumes/actions', {
    config: { scopes: 'block_storage_action:create' },
    schema: body({ ...attachment, volume_name: text })
  }, async ({ body }, reply) => {
    const [volume] = volumes.list({ name: body.volume_name })
    reply.code(202)
    return { action: attach(volume?.id ?? body.volume_name, body) }
  })

  function attach (volume: string, { type, droplet_id: droplet }: VolumeAction) {
    volumes.update(volume, { droplet_id: type === 'attach' ? droplets.get(droplet).id : null })
    return volumeActions.add({ volume, type, status: 'completed' })
  }

  const buckets = { path: '/spaces/buckets', items: data.buckets, names: ['bucket', 'buckets'] } as const
  crud(app, { ...buckets, read: 'spaces:read', put: 'spaces:update', fields: { acl: oneOf('private', 'public-read') } })

  crud(app, {
    path: '/spaces/keys',
    items: spacesKeys,
    names: ['key', 'keys'],
    read: 'spaces_key:read',
    put: 'spaces_key:update',
    remove: 'spaces_key:delete',
    fields: { name: text }
  })

  // Both scopes create a key. Only one of them also says "view its secret credentials", which are shown here or never.
  app.post<{ Body: { name: string } }>('/spaces/keys', {
    config: { scopes: { anyOf: ['spaces_key:create', 'spaces_key:create_credentials'] } },
    schema: body({ name: text })
  }, async (request, reply) => {
    const key = spacesKeys.add({ ...request.body, access_key: `DO00${randomBytes(8).toString('hex').toUpperCase()}` })
    const secret = randomBytes(32).toString('base64url')
    reply.code(201)
    return { key: request.hasScopes('spaces_key:create_credentials') ? { ...key, secret_key: secret } : key }
  })
}
