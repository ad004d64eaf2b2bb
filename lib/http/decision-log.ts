import type { FastifyRequest } from 'fastify'
import type { Actor, Auditor, Happening } from '../keys/audit.js'
import type { Denial } from './denial.js'
import type { Identity } from './decision.js'

export type DenialLogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'

/**
 * Tells of a denial, in one line of the request's log: at `info` for a verified key or session, at `level` for strangers,
 * who could otherwise fill the disk.
 */
export function reportDenial (request: FastifyRequest, denial: Denial, reason: string, identity: Identity, level: DenialLogLevel, auditor: Auditor): void {
  const at = isVerified(identity) ? 'info' : level
  // A flood of strangers shall cost no more than it must.
  if (!isLogged(request, at) && !auditor.isHeard()) return
  const { code, requiredScopes, missingScopes } = denial
  const happening: Happening = {
    ...aboutRequest(request, identity),
    reason,
    code,
    ...requiredScopes !== undefined && { requiredScopes },
    ...missingScopes !== undefined && { missingScopes }
  }
  // A logger of the app's own need not have a method `silent`.
  auditor.note(happening, 'denied', event => { if (at !== 'silent') request.log[at]({ audit: event }, 'request denied') })
}

/** Tells of a request that was let through, if the app wants to hear of those too. */
export function reportAllowed (request: FastifyRequest, identity: Identity, auditor: Auditor): void {
  if (auditor.settings.decisions !== 'all' || !isVerified(identity)) return
  auditor.note(aboutRequest(request, identity), 'allowed', event => { request.log.info({ audit: event }, 'request allowed') })
}

function aboutRequest (request: FastifyRequest, identity: Identity): Happening {
  const record = 'record' in identity ? identity.record : null
  return {
    action: 'request',
    actor: actorOf(identity),
    keyId: record?.id ?? null,
    ownerId: identity.type === 'user' ? identity.user.id : record?.ownerId ?? null,
    requestId: request.id,
    method: request.method,
    route: request.routeOptions.url ?? null,
    reason: null
  }
}

function actorOf (identity: Identity): Actor {
  switch (identity.type) {
    case 'apiKey': return { type: 'apiKey', id: identity.record.id, ownerId: identity.record.ownerId }
    case 'user': return { type: 'user', id: identity.user.id }
    default: return { type: 'nobody' }
  }
}

function isVerified ({ type }: Identity): boolean {
  return type === 'apiKey' || type === 'user'
}

function isLogged ({ log }: FastifyRequest, level: DenialLogLevel): boolean {
  return level !== 'silent' && (log as { isLevelEnabled?(level: string): boolean }).isLevelEnabled?.(level) !== false
}
