import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { httpError, type Data } from '../data.js'
import { object, operation, text, type Id } from './operation.js'

const TOKEN_LIFETIME = 60 * 60 * 1000

/** The robots. Whoever sets up new ones can do that, and find them in the list, without being able to read them. */
export async function deviceRoutes (app: FastifyInstance, { data: { devices } }: { data: Data }): Promise<void> {
  const read = { scopes: 'devices:read' } as const
  const write = { scopes: 'devices:write' } as const
  const provision = { scopes: 'devices:provision' } as const
  const list = { scopes: { anyOf: ['devices:read', 'devices:provision'] } } as const
  const create = { scopes: { anyOf: ['devices:write', 'devices:provision'] } } as const

  app.get('/devices', operation('listDevices', list), async () => devices.list())

  app.get<Id>('/devices/:id', operation('getDevice', read), async ({ params }) => devices.get(params.id))

  app.post<Id & { Body: { timeout_nanos: number } }>('/devices/:id/ping', operation('pingDevice', read, object({
    timeout_nanos: { type: 'integer', minimum: 1, maximum: 10_000_000_000 }
  })), async ({ params }) => {
    const { status } = devices.update(params.id, { last_ping_at: new Date().toISOString() })
    return status === 'online' ? { code: 'success', round_trip_nanos: 1 } : { code: 'timeout' }
  })

  app.post<{ Body: { name: string } }>('/devices', operation('createDevice', create, object({ name: text })), async ({ body }) => {
    return devices.add({ name: body.name, status: 'inactive' })
  })

  app.patch<Id & { Body: { name: string } }>('/devices/:id', operation('updateDevice', write, object({
    name: text
  })), async ({ params, body }) => devices.update(params.id, body))

  const issue = operation('createDeviceActivationToken', provision, object({}, {
    allow_reactivation: { type: 'boolean', default: false }
  }))
  app.post<Id & { Body: { allow_reactivation: boolean } }>('/devices/:id/activation_token', issue, async ({ params, body }) => {
    const expires = new Date(Date.now() + TOKEN_LIFETIME).toISOString()
    devices.update(params.id, { activation_token: { ...body, expires_at: expires } })
    return { token: randomBytes(32).toString('base64url'), expires_at: expires }
  })

  app.post<Id>('/devices/:id/activate', operation('activateDevice', provision), async ({ params: { id } }) => {
    if (devices.get(id).status !== 'inactive') throw httpError(409, `The device ${id} was activated already; reactivate it`)
    return devices.update(id, { status: 'online' })
  })

  app.post<Id>('/devices/:id/reactivate', operation('reactivateDevice', provision), async ({ params }) => {
    return devices.update(params.id, { status: 'online' })
  })

  app.delete<Id>('/devices/:id', operation('deleteDevice', { scopes: 'devices:delete' }), async ({ params }) => devices.remove(params.id))
}
