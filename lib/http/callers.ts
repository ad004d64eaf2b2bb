import type { FastifyReply, FastifyRequest } from 'fastify'
import type { KeyVerifier } from '../keys/verifier.js'
import type { PassBearer } from './bearer.js'
import { keyStart, likelyKeyAt, readCredential, type Credential } from './credential.js'
import { NOBODY, type Identity } from './decision.js'
import { lookUpKey } from './identity.js'
import { identifyUser, type Sessions } from './session.js'

export interface CallersOptions {
  readonly verifier: KeyVerifier
  /** Has the say where the store is asked about a bearer token. */
  readonly passBearer: PassBearer
  /** `undefined`: there are no users. */
  readonly sessions: Sessions | undefined
  /** In lower case; `null`: none. */
  readonly apiKeyHeader: string | null
}

/** Finds out who is calling. */
export class Callers {
  readonly #options: CallersOptions
  readonly #isForeignKey: (value: string) => boolean

  constructor (options: CallersOptions) {
    this.#options = options
    this.#isForeignKey = value => options.verifier.isForeignKey(value)
  }

  /** A promise only where it cannot be told without waiting: most requests bring a key that is known already. */
  of (request: FastifyRequest, reply: FastifyReply): Identity | Promise<Identity> {
    const { sessions, verifier, passBearer, apiKeyHeader } = this.#options
    const rawHeaders = rawHeadersOf(request)
    const at = likelyKeyAt(rawHeaders, apiKeyHeader)
    const known = at === -1 ? undefined : verifier.known(rawHeaders[at + 1]!, keyStart(rawHeaders[at]!))
    if (known !== undefined) return known

    const credential = readCredential(rawHeaders, apiKeyHeader, this.#isForeignKey)
    if (credential.kind === 'malformed') return MALFORMED
    const key = this.#keyIn(credential)
    if (key === null) {
      if (sessions !== undefined) return identifyUser(sessions, request, credential.kind === 'bearer')
      return credential.kind === 'none' ? NOBODY : NO_USER
    }
    const identity = lookUpKey(verifier, key)
    return identity instanceof Promise && credential.kind === 'bearer' ? passBearer(request, reply, identity) : identity
  }

  /** The API key in a credential: never shown to `authenticateUser`, and never turned into a user. */
  #keyIn (credential: Credential): string | null {
    if (credential.kind === 'keyHeader') return credential.value
    return credential.kind === 'bearer' && this.#options.verifier.claims(credential.value) ? credential.value : null
  }
}

const MALFORMED: Identity = Object.freeze({ type: 'malformed' })
const NO_USER: Identity = Object.freeze({ type: 'noUser' })

/** What did not come over the wire has no raw headers: `injectWS()` of `@fastify/websocket` makes such requests. */
function rawHeadersOf ({ raw }: FastifyRequest): readonly string[] {
  const { rawHeaders } = raw as { readonly rawHeaders?: readonly string[] }
  return rawHeaders ?? Object.entries(raw.headers).flatMap(([name, value]) => [value].flat().flatMap(line => [name, String(line)]))
}
