import type { Refusals } from '../http/denial.js'
import type { Keyring } from '../keys/keyring.js'
import type { KeyVerifier } from '../keys/verifier.js'
import type { RouteFinder } from './route-finder.js'

/** What the answers about single routes are made from. */
export interface Views {
  readonly ring: Keyring
  readonly verifier: KeyVerifier
  readonly finder: RouteFinder
  readonly refusals: Refusals
  /** Whether there is an `authenticateUser`. */
  readonly hasSessions: boolean
}
