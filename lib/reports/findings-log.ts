import type { FastifyBaseLogger } from 'fastify'
import type { Finding } from './findings.js'

/**
 * One line when an app starts, if there is anything to tell, however much that is. Found as soon as the app is ready, not before:
 * of thousands of routes it takes a while, for which nobody need wait.
 */
export function logFindings (log: FastifyBaseLogger, find: () => readonly Finding[]): void {
  setImmediate(() => {
    try {
      tell(log, find())
    } catch (error) {
      log.error({ err: error }, 'what there is to find about scopes and routes cannot be told')
    }
  })
}

function tell (log: FastifyBaseLogger, findings: readonly Finding[]): void {
  if (findings.length === 0) return
  const count = findings.length === 1 ? 'there is 1 finding' : `there are ${findings.length} findings`
  log.info({ findings: findings.slice(0, MOST).map(({ message }) => message) }, `${count} about scopes and routes; app.apiKeys.findings() and api-key-scopes findings tell ${findings.length > MOST ? 'of all of them' : 'more'}`)
}

const MOST = 10
