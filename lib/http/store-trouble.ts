import type { FastifyBaseLogger } from 'fastify'
import type { StoreTrouble } from '../keys/verifier.js'
import { throttle } from './throttle.js'

/**
 * Tells the operator what is wrong with the store, in full, but only once a second: an outage fails every request. Of
 * each scope that grants nothing, it tells only once.
 */
export function storeTrouble (log: FastifyBaseLogger, now?: () => number): StoreTrouble {
  const failures = throttle(1000, now)
  const corruptions = throttle(1000, now)
  const toldOf = new Set<string>()

  return {
    failed (error) {
      failures(leftOut => { log.error({ err: error, failuresNotLogged: leftOut }, 'the API key store failed') })
    },
    corrupt (id, faults) {
      corruptions(leftOut => { log.error({ keyId: id, faults, recordsNotLogged: leftOut }, 'an API key record is corrupt; the key is refused') })
    },
    forgot (why, from, to) {
      const [level, said] = FORGOTTEN[why]
      log[level]({ from, to }, `${said}; everything that was remembered of API keys is read anew`)
    },
    ineffective (id, scopes) {
      const news = [...new Set(scopes)].filter(scope => !toldOf.has(scope)).slice(0, MOST_TOLD - toldOf.size)
      if (news.length === 0) return
      for (const scope of news) toldOf.add(scope)
      log.warn({ keyId: id, scopes: news }, 'an API key was granted scopes that the catalog does not have, or not yet; they grant nothing')
    }
  }
}

const FORGOTTEN = {
  epoch: ['error', 'the API key store has another history than before: it was restored or failed over, or a new epoch was begun'],
  backwards: ['error', 'the API key store is at an earlier state than before: was it restored from a backup? Then begin a new epoch (api-key-scopes epoch bump)'],
  many: ['info', 'more has changed in the API key store than it tells one by one'],
  clock: ['warn', 'the clock of this machine was set, or it has slept']
} as const

/** Tells the operator, once a second at most, that keys of other systems are refused because of the app's own `digest`. */
export function foreignKeyTrouble (log: FastifyBaseLogger, now?: () => number): (fault: string) => void {
  const faults = throttle(1000, now)
  return fault => {
    faults(leftOut => { log.error({ fault, faultsNotLogged: leftOut }, 'a key of another system could not be looked up; it is refused') })
  }
}

/** Tells the operator, once an hour at most, that not all use of keys is noted. */
export function usageTrouble (log: FastifyBaseLogger, now?: () => number): () => void {
  const atTimes = throttle(3_600_000, now)
  return () => {
    atTimes(leftOut => { log.warn({ forgottenBefore: leftOut }, 'more API keys were used than can be noted until the store has taken it; some use is forgotten') })
  }
}

/** However odd the store is, what is remembered of it has an end. */
const MOST_TOLD = 10_000
