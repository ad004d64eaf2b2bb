import type { FastifyBaseLogger } from 'fastify'
import type { StoreTrouble } from '../keys/verifier.js'
import { throttle } from './throttle.js'

/** Tells the operator what is wrong with the store, in full; of an outage, which fails every request, once a second. */
export function storeTrouble (log: FastifyBaseLogger, now?: () => number): StoreTrouble {
  const atTimes = throttle(1000, now)

  return {
    failed (error) {
      atTimes(leftOut => { log.error({ err: error, failuresNotLogged: leftOut }, 'the API key store failed') })
    },
    corrupt (id, faults) {
      log.error({ keyId: id, faults }, 'an API key record is corrupt; the key is refused')
    }
  }
}
