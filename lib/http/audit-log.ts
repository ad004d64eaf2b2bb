import type { FastifyBaseLogger } from 'fastify'
import type { AuditEvent, AuditLog } from '../keys/audit.js'
import { throttle } from './throttle.js'

/** One line of the app's log for each thing that was done with keys. Requests have their own, in the log of the request. */
export function auditLog (log: FastifyBaseLogger): AuditLog {
  const atTimes = throttle(1000)

  return {
    said (event) {
      if (event.outcome === 'denied') log.info({ audit: event }, `${event.action} denied`)
      else log.info({ audit: event }, TEXTS[event.action])
    },
    lost (error, event) {
      atTimes(leftOut => { log.error({ err: error, event: event.id, failuresNotLogged: leftOut }, 'the audit sink did not take an event') })
    }
  }
}

const TEXTS: Readonly<Record<AuditEvent['action'], string>> = {
  create: 'API key created',
  update: 'API key updated',
  rotate: 'API key rotated',
  revoke: 'API key revoked',
  revokeOwner: 'API keys of an owner revoked',
  import: 'API key imported',
  purge: 'API keys purged',
  request: 'request decided'
}
