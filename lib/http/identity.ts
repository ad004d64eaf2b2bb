import type { KeyVerifier, Verdict } from '../keys/verifier.js'
import type { Identity } from './decision.js'

/** Who holds this API key. The store may have to be asked; if it cannot answer, that is an identity too. */
export async function lookUpKey (verifier: KeyVerifier, key: string): Promise<Identity> {
  try {
    return identityOf(await verifier.verify(key))
  } catch {
    return { type: 'keysUnavailable' } // the verifier has told the operator why
  }
}

export function identityOf (verdict: Verdict): Identity {
  if (verdict.refusal === null) return verdict.key
  return { type: 'refusedKey', reason: verdict.refusal, record: verdict.key?.record ?? null }
}
