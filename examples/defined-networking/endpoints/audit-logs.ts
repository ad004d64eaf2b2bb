import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { newId, type Data } from '../data.js'

export async function auditLogEndpoints (api: FastifyInstance, { data: { auditLogs } }: { data: Data }): Promise<void> {
  api.get('/audit-logs', { config: { scopes: 'audit-logs:list' } }, async () => ({ data: auditLogs.list() }))
}

/** An `onSend` hook: who changes something, or gets something made, finds it in the audit log before the answer arrives. */
export function recordChanges ({ auditLogs }: Data) {
  return async ({ method, routeOptions, params, principal }: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (method === 'GET' || method === 'HEAD' || reply.statusCode >= 400 || principal === null) return
    const id = principal.type === 'apiKey' ? principal.record.id : principal.user.id
    auditLogs.add({
      id: newId('log'),
      timestamp: new Date().toISOString(),
      actor: { type: principal.type, id },
      event: `${method} ${routeOptions.url}`,
      target: params
    })
  }
}
