import type { FastifyRequest } from 'fastify'
import type { Actor, Auditor, Happening } from '../keys/audit.js'
import type { KnownKey } from '../keys/known-key.js'
import type { Denial } from './denial.js'
import { isVerified, type Identity } from './decision.js'
import type { Throttle } from './throttle.js'

export type DenialLogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'

/**
 * Tells of a denial, in one line of the request's log: at `info` for a verified key or session, at `level` for strangers,
 * who could otherwise fill the disk.
 */
export function reportDenial (request: FastifyRequest, denial: Denial, reason: string, identity: Identity, level: DenialLogLevel, auditor: Auditor): void {
  const at = isVerified(identity) ? 'info' : level
  // A flood of strangers shall cost no more than it must.
  if (!isLogged(request, at) && !auditor.isHeard()) return
  // A logger of the app's own need not have a method `silent`.
  auditor.note(aboutDenial(request, denial, reason, identity), 'denied', event => { if (at !== 'silent') request.log[at]({ audit: event }, 'request denied') })
}

/**
 * Tells of a request that is let through although it was refused, at `warn`, with how many lines `atTimes` has left out. The
 * diagnostics channel and the sink hear of each.
 */
export function reportInstead (request: FastifyRequest, denial: Denial, reason: string, identity: Identity, auditor: Auditor, atTimes: Throttle): void {
  auditor.note(aboutDenial(request, denial, reason, identity), 'reported', event => {
    atTimes(leftOut => { request.log.warn({ audit: event, reportsNotLogged: leftOut }, 'request would have been denied (report mode)') })
  })
}

/** Tells of a request that was let through, if the app wants to hear of those too. */
export function reportAllowed (request: FastifyRequest, identity: Identity, auditor: Auditor): void {
  if (auditor.settings.decisions !== 'all' || !isVerified(identity)) return
  auditor.note(aboutRequest(request, identity), 'allowed', event => { request.log.info({ audit: event }, 'request allowed') })
}

function aboutDenial (request: FastifyRequest, { code, requiredScopes, missingScopes }: Denial, reason: string, identity: Identity): Happening {
  return {
    ...aboutRequest(request, identity),
    reason,
    code,
    ...requiredScopes !== undefined && { requiredScopes },
    ...missingScopes !== undefined && { missingScopes }
  }
}

function aboutRequest (request: FastifyRequest, identity: Identity): Happening {
  const record = keyOf(identity)?.record ?? null
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

function keyOf (identity: Identity): KnownKey | null {
  switch (identity.type) {
    case 'apiKey': return identity
    case 'refusedKey': return identity.key
    default: return null
  }
}

export function actorOf (identity: Identity): Actor {
  switch (identity.type) {
    case 'apiKey': return { type: 'apiKey', id: identity.record.id, ownerId: identity.record.ownerId }
    case 'user': return { type: 'user', id: identity.user.id }
    default: return { type: 'nobody' }
  }
}

/** What logs nothing is called `noop` by pino, and by Fastify without a logger. A logger of the app's own need not be able to tell. */
function isLogged ({ log }: FastifyRequest, level: DenialLogLevel): boolean {
  if (level === 'silent' || log[level].name === 'noop') return false
  return (log as { isLevelEnabled?(level: string): boolean }).isLevelEnabled?.(level) !== false
}
