import { channel } from 'node:diagnostics_channel'
import type { FastifyRequest } from 'fastify'
import type { Denial } from './denial.js'
import type { Identity } from './decision.js'

export type DenialLogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'

/**
 * One denial, as it is logged, and published on the diagnostics channel `fastify-api-key-scopes.denial`.
 * Holds no secret, and of what a client sends only the method, and the request id where the app takes that from a header.
 */
export interface DenialEvent {
  readonly code: string
  /** Why, more exactly than the client is told: `expired`, `revoked`, `unknown`, ... */
  readonly reason: string
  readonly requestId: string
  readonly method: string
  /** As declared, never as requested; `null` if the request matched none. */
  readonly route: string | null
  readonly keyId: string | null
  /** Of the user's session, or of the key. */
  readonly ownerId: string | null
  readonly requiredScopes?: readonly string[]
  readonly missingScopes?: readonly string[]
}

const denials = channel('fastify-api-key-scopes.denial')

/**
 * Logs a denial in one line: at `info` for a verified key or session, at `level` for strangers, who could otherwise fill
 * the disk.
 */
export function reportDenial (request: FastifyRequest, denial: Denial, reason: string, identity: Identity, level: DenialLogLevel): void {
  const isVerified = identity.type === 'apiKey' || identity.type === 'user'
  const { requiredScopes, missingScopes } = denial
  const record = 'record' in identity ? identity.record : null
  const event: DenialEvent = {
    code: denial.code,
    reason,
    requestId: request.id,
    method: request.method,
    route: request.routeOptions.url ?? null,
    keyId: record?.id ?? null,
    ownerId: identity.type === 'user' ? identity.user.id : record?.ownerId ?? null,
    ...requiredScopes !== undefined && { requiredScopes },
    ...missingScopes !== undefined && { missingScopes }
  }
  const at = isVerified ? 'info' : level
  // A logger of the app's own need not have a method `silent`.
  if (at !== 'silent') request.log[at]({ denial: event }, 'request denied')
  if (denials.hasSubscribers) denials.publish(event)
}
