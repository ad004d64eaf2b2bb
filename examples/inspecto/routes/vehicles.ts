import type { FastifyInstance } from 'fastify'
import type { Data, Vehicle } from '../data.js'

interface Id { Params: { id: string } }
interface Body { Body: Pick<Vehicle, 'plateNumber' | 'type'> & Partial<Pick<Vehicle, 'brand' | 'model'>> }

const text = { type: 'string', minLength: 1, maxLength: 100 }
const schema = {
  body: {
    type: 'object',
    required: ['plateNumber', 'type'],
    properties: {
      plateNumber: text,
      type: { enum: ['TRACTOR_UNIT', 'CONTAINER_BDF', 'SEMI_TRAILER', 'TRAILER'] },
      brand: text,
      model: text
    },
    additionalProperties: false
  }
}

export async function vehicleRoutes (app: FastifyInstance, { data: { vehicles } }: { data: Data }): Promise<void> {
  app.get('/vehicles', { config: { scopes: 'vehicles:read' } }, async () => ({ data: vehicles.list() }))

  app.get<Id>('/vehicles/:id', { config: { scopes: 'vehicles:read' } }, async ({ params }) => ({ data: vehicles.get(params.id) }))

  app.post<Body>('/vehicles', { config: { scopes: 'vehicles:write' }, schema }, async ({ body }, reply) => {
    reply.code(201)
    return { data: vehicles.add({ brand: null, model: null, ...body }) }
  })

  app.put<Id & Body>('/vehicles/:id', { config: { scopes: 'vehicles:write' }, schema }, async ({ params, body }) => {
    return { data: vehicles.update(params.id, { brand: null, model: null, ...body }) }
  })
}
