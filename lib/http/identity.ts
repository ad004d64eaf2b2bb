import type { KeyVerifier, Verdict } from '../keys/verifier.js'
import type { Identity } from './decision.js'

/** Who holds this API key. If the store has to be asked and cannot answer, that is an identity too. */
export function lookUpKey (verifier: KeyVerifier, key: string): Identity | Promise<Identity> {
  const verdict = verifier.look(key)
  // The verifier has told the operator why.
  return verdict instanceof Promise ? verdict.then(identityOf, () => UNAVAILABLE) : identityOf(verdict)
}

const UNAVAILABLE: Identity = Object.freeze({ type: 'keysUnavailable' })

export function identityOf (verdict: Verdict): Identity {
  return verdict.refusal === null ? verdict.key : { type: 'refusedKey', reason: verdict.refusal, key: verdict.key }
}
