import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ScopeName } from 'fastify-api-key-scopes'
import { httpError, type Fields, type Item } from '../collection.js'
import type { Data } from '../data.js'
import { body, oneOf, text, texts } from './schema.js'

interface Id { Params: { id: string } }
interface Action { readonly type: Type, readonly name?: string, readonly size?: string, readonly image?: string }
interface NewDroplet { name: string, region: string, size: string, image: string, tags?: string[], ssh_keys?: string[], vpc_uuid?: string, volumes?: string[] }

/** Virtual machines, and what is done with them: `type` in the body says what, and some types need more scopes. */
export async function dropletRoutes (app: FastifyInstance, { data }: { data: Data }): Promise<void> {
  const { actions, droplets, images, regions, sizes, snapshots, sshKeys, tags, volumes, vpcs } = data
  const read = { scopes: 'droplet:read' } as const

  app.get('/droplets', { config: read }, async () => ({ droplets: droplets.list() }))

  app.get<Id>('/droplets/:id', { config: read }, async ({ params }) => ({ droplet: droplets.get(params.id) }))

  app.post<{ Body: NewDroplet }>('/droplets', {
    config: {
      scopes: 'droplet:create',
      scopesWhen: [
        { when: has('tags'), scopes: 'tag:create', description: 'To tag a Droplet during creation' },
        { when: has('ssh_keys'), scopes: 'ssh_key:read', description: 'To embed SSH keys in it' },
        { when: has('vpc_uuid'), scopes: 'vpc:read', description: 'To put it into a VPC' },
        { when: has('volumes'), scopes: 'block_storage:read', description: 'To attach volumes to it' }
      ]
    },
    schema: body({ name: text, region: text, size: text, image: text }, { tags: texts, ssh_keys: texts, vpc_uuid: text, volumes: texts })
  }, async ({ body }, reply) => {
    known({ region: regions, size: sizes, image: images, vpc_uuid: vpcs }, { ...body })
    for (const id of body.ssh_keys ?? []) known({ ssh_key: sshKeys }, { ssh_key: id })
    for (const id of body.volumes ?? []) known({ volume: volumes }, { volume: id })
    for (const name of body.tags ?? []) if (tags.find(name) === undefined) tags.add({ name })
    reply.code(202)
    return { droplet: droplets.add({ tags: [], ...body, status: 'active' }) }
  })

  app.delete<Id>('/droplets/:id', { config: { scopes: 'droplet:delete' } }, async ({ params }, reply) => {
    droplets.remove(params.id)
    reply.code(204)
  })

  app.get<Id>('/droplets/:id/actions', { config: read }, async ({ params }) => {
    return { actions: actions.list({ resource_type: 'droplet', resource_id: droplets.get(params.id).id }) }
  })

  app.get<{ Params: { id: string, action: string } }>('/droplets/:id/actions/:action', { config: read }, async ({ params }) => {
    return { action: actions.get(params.action, { resource_type: 'droplet', resource_id: droplets.get(params.id).id }) }
  })

  app.post<Id & { Body: Action }>('/droplets/:id/actions', {
    config: { scopes: 'droplet:update', scopesWhen: MORE },
    schema: body({ type: oneOf(...Object.keys(EFFECTS)) }, { name: text, size: text, image: text })
  }, async ({ params, body }, reply) => {
    const droplet = droplets.get(params.id)
    reply.code(201)
    return { action: act(droplet, body) }
  })

  app.post<{ Querystring: { tag_name: string }, Body: Action }>('/droplets/actions', {
    config: { scopes: 'droplet:update', scopesWhen: MORE },
    schema: {
      querystring: { type: 'object', required: ['tag_name'], properties: { tag_name: text } },
      ...body({ type: oneOf(...FOR_SEVERAL) }, { name: text })
    }
  }, async ({ query, body }, reply) => {
    const tagged = droplets.list().filter(({ tags }) => (tags as string[]).includes(query.tag_name))
    reply.code(201)
    return { actions: tagged.map(droplet => act(droplet, body)) }
  })

  function act ({ id, region }: Item, action: Action): Item {
    const { type, ...more } = action
    known({ size: sizes, image: images }, more)
    droplets.update(id, EFFECTS[type](more))
    if (type === 'snapshot') snapshots.add({ name: more.name ?? id, resource_type: 'droplet', resource_id: id, regions: [region] })
    return actions.add({ type, status: 'completed', resource_type: 'droplet', resource_id: id })
  }
}

/** What each type of action changes. */
const EFFECTS = {
  power_on: () => ({ status: 'active' }),
  power_off: () => ({ status: 'off' }),
  shutdown: () => ({ status: 'off' }),
  reboot: () => ({ status: 'active' }),
  power_cycle: () => ({ status: 'active' }),
  enable_backups: () => ({ backups: true }),
  disable_backups: () => ({ backups: false }),
  enable_ipv6: () => ({ ipv6: true }),
  rename: ({ name }: Fields) => ({ name: needed({ name }) }),
  resize: ({ size }: Fields) => ({ size: needed({ size }) }),
  rebuild: ({ image }: Fields) => ({ image: needed({ image }) }),
  restore: ({ image }: Fields) => ({ image: needed({ image }) }),
  password_reset: () => ({ password_reset_at: new Date().toISOString() }),
  snapshot: () => ({})
}

type Type = keyof typeof EFFECTS

/** Those that can be done to all Droplets with a tag. */
const FOR_SEVERAL: Type[] = ['power_cycle', 'power_on', 'power_off', 'shutdown', 'enable_ipv6', 'enable_backups', 'disable_backups', 'snapshot']

/** What the API reference calls 'Additionally Required Permission', by the type of the action. */
const MORE = [
  when('droplet:create', 'resize'),
  when('droplet:admin', 'rebuild', 'restore', 'password_reset'),
  when('image:create', 'snapshot')
]

function when (scope: ScopeName, ...types: Type[]) {
  return { when: ({ body }: FastifyRequest) => types.includes((body as Action).type), scopes: scope, description: `For ${types.join(', ')}` }
}

/** Whether the body has something there; an empty list is nothing. */
function has (member: keyof NewDroplet) {
  return ({ body }: FastifyRequest) => {
    const value = (body as NewDroplet)[member]
    return value !== undefined && value.length > 0
  }
}

function needed (fields: Fields): unknown {
  const [[name, value]] = Object.entries(fields) as [[string, unknown]]
  if (value === undefined) throw httpError(400, `This action needs a ${name}`)
  return value
}

/** Whatever the fields name must be there. */
function known (collections: Readonly<Record<string, Data['droplets']>>, fields: Fields): void {
  for (const [field, collection] of Object.entries(collections)) {
    const id = fields[field]
    if (id !== undefined && collection.find(String(id)) === undefined) throw httpError(422, `There is no ${field} ${String(id)}`)
  }
}
