import type { FastifyReply, FastifyRequest } from 'fastify'
import type { KeyVerifier } from '../keys/verifier.js'
import { likelyKey, readCredential, type Credential } from './credential.js'
import { NOBODY, type Identity } from './decision.js'
import { identityOf, lookUpKey } from './identity.js'
import { identifyUser, type Sessions } from './session.js'

export interface CallersOptions {
  readonly verifier: KeyVerifier
  /** Looks up the key that a request brings as its bearer token. */
  readonly lookUpBearer: (request: FastifyRequest, reply: FastifyReply, key: string) => Promise<Identity>
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
    const { sessions, verifier, lookUpBearer, apiKeyHeader } = this.#options
    const rawHeaders = rawHeadersOf(request)
    const likely = likelyKey(rawHeaders, apiKeyHeader)
    const known = likely === undefined ? undefined : verifier.known(likely)
    if (known !== undefined) return known

    const credential = readCredential(rawHeaders, apiKeyHeader, this.#isForeignKey)
    if (credential.kind === 'malformed') return { type: 'malformed' }
    const key = this.#keyIn(credential)
    if (key === null) {
      if (sessions !== undefined) return identifyUser(sessions, request, credential.kind === 'bearer')
      return credential.kind === 'none' ? NOBODY : { type: 'noUser' }
    }
    const verdict = verifier.peek(key)
    if (verdict !== undefined) return identityOf(verdict)
    return credential.kind === 'bearer' ? lookUpBearer(request, reply, key) : lookUpKey(verifier, key)
  }

  /** The API key in a credential: never shown to `authenticateUser`, and never turned into a user. */
  #keyIn (credential: Credential): string | null {
    if (credential.kind === 'keyHeader') return credential.value
    return credential.kind === 'bearer' && this.#options.verifier.claims(credential.value) ? credential.value : null
  }
}

/** What did not come over the wire has no raw headers: `injectWS()` of `@fastify/websocket` makes such requests. */
function rawHeadersOf ({ raw }: FastifyRequest): readonly string[] {
  const { rawHeaders } = raw as { readonly rawHeaders?: readonly string[] }
  return rawHeaders ?? Object.entries(raw.headers).flatMap(([name, value]) => [value].flat().flatMap(line => [name, String(line)]))
}
