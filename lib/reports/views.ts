import type { Refusals } from '../http/denial.js'
import type { Keyring } from '../keys/keyring.js'
import type { KeyVerifier } from '../keys/verifier.js'
import type { Scopes } from '../keys/usage/scopes.js'
import type { RouteFinder } from './route-finder.js'

/** What the answers about single routes are made from. */
export interface Views {
  readonly ring: Keyring
  /** Of the catalog of the ring. */
  readonly scopes: Scopes
  readonly verifier: KeyVerifier
  readonly finder: RouteFinder
  readonly refusals: Refusals
  /** Whether there is an `authenticateUser`. */
  readonly hasSessions: boolean
}
