import type { FastifyBaseLogger } from 'fastify'
import type { Finding } from './findings.js'

/** One line when an app starts, if there is anything to tell, however much that is. */
export function logFindings (log: FastifyBaseLogger, findings: readonly Finding[]): void {
  if (findings.length === 0) return
  const count = findings.length === 1 ? 'there is 1 finding' : `there are ${findings.length} findings`
  log.info({ findings: findings.slice(0, MOST).map(({ message }) => message) }, `${count} about scopes and routes; app.apiKeys.findings() and api-key-scopes findings tell ${findings.length > MOST ? 'of all of them' : 'more'}`)
}

const MOST = 10
