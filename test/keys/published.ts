import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Test } from 'tap'
import type { AuditEvent } from '../../lib/index.js'

/** What is published on the channel of the audit while a test runs. */
export function published (t: Test): AuditEvent[] {
  const events: AuditEvent[] = []
  const note = (event: unknown) => { events.push(event as AuditEvent) }
  subscribe('fastify-api-key-scopes.audit', note)
  t.teardown(() => { unsubscribe('fastify-api-key-scopes.audit', note) })
  return events
}
