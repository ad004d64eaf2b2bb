import type { FastifyInstance } from 'fastify'
import type { Data, Inspection } from '../data.js'

interface Body { Body: Pick<Inspection, 'templateId' | 'vehicleIds' | 'responses'> & { notes?: string } }

const text = { type: 'string', minLength: 1, maxLength: 1_000 }
const schema = {
  body: {
    type: 'object',
    required: ['templateId', 'vehicleIds', 'responses'],
    properties: {
      templateId: text,
      vehicleIds: { type: 'array', items: text, minItems: 1 },
      responses: {
        type: 'array',
        items: {
          type: 'object',
          required: ['templateItemId', 'responseText'],
          properties: { templateItemId: text, responseText: text },
          additionalProperties: false
        }
      },
      notes: text
    },
    additionalProperties: false
  }
}

export async function inspectionRoutes (app: FastifyInstance, { data: { inspections, templates, vehicles } }: { data: Data }): Promise<void> {
  app.get('/inspection-templates', { config: { scopes: 'inspections:read' } }, async () => ({ data: templates.list() }))

  app.get('/inspections', { config: { scopes: 'inspections:read' } }, async () => ({ data: inspections.list() }))

  app.post<Body>('/inspections', { config: { scopes: 'inspections:write' }, schema }, async ({ body }, reply) => {
    templates.get(body.templateId)
    for (const id of body.vehicleIds) vehicles.get(id)
    reply.code(201)
    return { data: inspections.add({ notes: '', ...body, status: 'COMPLETED', performedAt: new Date().toISOString() }) }
  })
}
