import type { FastifyBaseLogger } from 'fastify'
import type { StoreTrouble } from '../keys/verifier.js'
import { throttle } from './throttle.js'

/** Tells the operator what is wrong with the store, in full, but only once a second: an outage fails every request. */
export function storeTrouble (log: FastifyBaseLogger, now?: () => number): StoreTrouble {
  const failures = throttle(1000, now)
  const corruptions = throttle(1000, now)

  return {
    failed (error) {
      failures(leftOut => { log.error({ err: error, failuresNotLogged: leftOut }, 'the API key store failed') })
    },
    corrupt (id, faults) {
      corruptions(leftOut => { log.error({ keyId: id, faults, recordsNotLogged: leftOut }, 'an API key record is corrupt; the key is refused') })
    }
  }
}
