import type { FastifyBaseLogger } from 'fastify'
import type { StoreTrouble } from '../keys/verifier.js'

/** An outage fails every request; the log needs to hear of it once a second. */
const EVERY = 1000

/** Tells the operator what is wrong with the store, in full, and without flooding the log. */
export function storeTrouble (log: FastifyBaseLogger, now: () => number = () => performance.now()): StoreTrouble {
  let lastAt = -Infinity
  let unsaid = 0

  return {
    failed (error) {
      if (now() - lastAt < EVERY) {
        unsaid++
        return
      }
      log.error({ err: error, failuresNotLogged: unsaid }, 'the API key store failed')
      lastAt = now()
      unsaid = 0
    },
    corrupt (id, faults) {
      log.error({ keyId: id, faults }, 'an API key record is corrupt; the key is refused')
    }
  }
}
