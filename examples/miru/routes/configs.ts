import type { FastifyInstance } from 'fastify'
import type { ConfigInstance, ConfigSchema, ConfigType, Data } from '../data.js'
import { object, operation, text, type Id } from './operation.js'

/** What a config is about, what it must look like, and what it says: types, schemas and instances. */
export async function configRoutes (app: FastifyInstance, { data }: { data: Data }): Promise<void> {
  await app.register(configTypeRoutes, { data })
  await app.register(configSchemaRoutes, { data })
  await app.register(configInstanceRoutes, { data })
}

async function configTypeRoutes (app: FastifyInstance, { data: { configTypes } }: { data: Data }): Promise<void> {
  const read = { scopes: 'config_types:read' } as const
  const write = { scopes: 'config_types:write' } as const

  app.get('/config_types', operation('listConfigTypes', read), async () => configTypes.list())

  app.get<Id>('/config_types/:id', operation('getConfigType', read), async ({ params }) => configTypes.get(params.id))

  app.post<{ Body: ConfigType }>('/config_types', operation('createConfigType', write, object({
    name: text,
    slug: text
  })), async ({ body }) => configTypes.add(body))

  app.patch<Id & { Body: { name: string } }>('/config_types/:id', operation('updateConfigType', write, object({
    name: text
  })), async ({ params, body }) => configTypes.update(params.id, body))
}

type NewConfigSchema = Omit<ConfigSchema, 'config_type_id'> & { config_type_ref: { id: string } }

async function configSchemaRoutes (app: FastifyInstance, { data: { configSchemas, configTypes } }: { data: Data }): Promise<void> {
  const read = { scopes: 'config_schemas:read' } as const
  const write = { scopes: 'config_schemas:write' } as const

  app.get('/config_schemas', operation('listConfigSchemas', read), async () => configSchemas.list())

  app.get<Id>('/config_schemas/:id', operation('getConfigSchema', read), async ({ params }) => configSchemas.get(params.id))

  app.post<{ Body: NewConfigSchema }>('/config_schemas', operation('createConfigSchema', write, object({
    config_type_ref: object({ id: text }),
    language: { enum: ['jsonschema', 'cue'] },
    format: { enum: ['json', 'yaml', 'cue'] },
    instance_filepath: text,
    documents: { type: 'array', minItems: 1, items: object({ name: text, data: text }) }
  })), async ({ body: { config_type_ref: { id }, ...fields } }) => {
    return configSchemas.add({ config_type_id: configTypes.get(id).id, ...fields })
  })

  app.patch<Id & { Body: { instance_filepath: string } }>('/config_schemas/:id', operation('updateConfigSchema', write, object({
    instance_filepath: text
  })), async ({ params, body }) => configSchemas.update(params.id, body))
}

async function configInstanceRoutes (app: FastifyInstance, { data: { configInstances, configSchemas } }: { data: Data }): Promise<void> {
  const read = { scopes: 'config_instances:read' } as const
  const write = { scopes: 'config_instances:write' } as const

  app.get('/config_instances', operation('listConfigInstances', read), async () => configInstances.list())

  app.get<Id>('/config_instances/:id', operation('getConfigInstance', read), async ({ params }) => configInstances.get(params.id))

  app.get<Id>('/config_instances/:id/content', operation('getConfigInstanceContent', read), async ({ params }, reply) => {
    reply.type('application/json')
    return configInstances.get(params.id).content.data
  })

  app.post<{ Body: ConfigInstance }>('/config_instances', operation('createConfigInstance', write, object({
    config_schema_id: text,
    content: object({ format: { enum: ['json'] }, data: text })
  })), async ({ body }) => {
    configSchemas.get(body.config_schema_id)
    return configInstances.add(body)
  })
}
