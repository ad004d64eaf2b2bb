import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * "Write scopes ... Audit logged". An `onSend` hook: leaves one line for each request that went through on a route that
 * needs a write scope. (`onResponse` would not do: it is not called when the client has hung up before the answer.)
 */
export async function auditWrites ({ log, method, principal, routeOptions }: FastifyRequest, { statusCode }: FastifyReply): Promise<void> {
  const { url: route, config: { scopes } } = routeOptions
  if (typeof scopes !== 'string' || !scopes.endsWith(':write') || statusCode >= 400 || principal === null) return
  const who = principal.type === 'apiKey'
    ? { keyId: principal.record.id, ownerId: principal.record.ownerId }
    : { keyId: null, ownerId: principal.user.id }
  log.info({ write: { ...who, method, route, statusCode } }, 'write request')
}
