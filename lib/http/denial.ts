import { STATUS_CODES } from 'node:http'
import type { FastifyError } from '@fastify/error'
import { StoreUnavailableError } from '../keys/errors.js'
import type { Shortfall } from '../scopes/requirement.js'
import type { Identity, Refused } from './decision.js'
import * as errors from './errors.js'

/** What a client is told when it is refused; the default body of the response is this as JSON. */
export interface Denial {
  readonly statusCode: number
  readonly code: string
  /** The name of the status, such as `Forbidden`. */
  readonly error: string
  readonly message: string
  /** With a missing scope: every scope the route names, and those that `scopesWhen` adds for this request. */
  readonly requiredScopes?: readonly string[]
  /** With a missing scope: those of them that the key or session does not cover. */
  readonly missingScopes?: readonly string[]
  /** With a missing scope: what the key or session was given, unexpanded, deprecated names replaced. Not with `revealGranted: false`. */
  readonly grantedScopes?: readonly string[]
}

/** A denial with what belongs to it. */
export interface Refusal {
  readonly denial: Denial
  /** The denial as JSON. */
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  /** For apps that answer errors themselves: the same as an error, with the same members. */
  readonly toError: () => Error
}

type MissingScope = Extract<Refused, { outcome: 'missingScope' }>
type Plain = Exclude<Refused['outcome'], 'missingScope' | 'sessionRequired'>

/** Puts decisions into words and headers. Challenges follow RFC 6750 §3. */
export class Refusals {
  readonly #realm: string
  readonly #revealGranted: boolean
  /** Each shortfall is that of one grant. */
  readonly #ofKeys = new WeakMap<Shortfall, Refusal>()
  readonly #plain: Readonly<Record<Plain | 'sessionExpected' | 'sessionRefused', Refusal>>

  constructor (realm: string, revealGranted: boolean) {
    this.#realm = realm.replace(/["\\]/g, '\\$&')
    this.#revealGranted = revealGranted
    this.#plain = {
      keyRequired: refusal(errors.ApiKeyRequiredError, this.#challenge()),
      malformed: refusal(errors.MalformedCredentialsError, this.#challenge('error="invalid_request"')),
      keyInvalid: refusal(errors.InvalidApiKeyError, this.#challenge('error="invalid_token"')),
      sessionExpected: refusal(errors.UserSessionRequiredError, this.#challenge()),
      sessionRefused: refusal(errors.UserSessionRequiredError, this.#challenge('error="invalid_token"')),
      userOnly: refusal(errors.UserOnlyError, {}),
      unannotated: refusal(errors.UnannotatedRouteError, {}),
      keysUnavailable: refusal(StoreUnavailableError, { 'retry-after': '1' }),
      usersUnavailable: refusal(errors.UserSessionUnavailableError, {})
    }
  }

  of (decision: Refused, identity: Identity): Refusal {
    if (decision.outcome === 'missingScope') return this.#knownMissingScope(decision, identity)
    if (decision.outcome === 'sessionRequired') return this.#plain[decision.offered ? 'sessionRefused' : 'sessionExpected']
    return this.#plain[decision.outcome]
  }

  /** Worked out once for a key that keeps asking. */
  #knownMissingScope (decision: MissingScope, identity: Identity): Refusal {
    const { shortfall, demand } = decision
    // What is demanded of one request alone is not worth remembering.
    if (identity.type !== 'apiKey' || !('alternatives' in demand)) return this.#missingScope(decision, identity)
    let known = this.#ofKeys.get(shortfall)
    if (known === undefined) this.#ofKeys.set(shortfall, known = this.#missingScope(decision, identity))
    return known
  }

  #missingScope ({ demand, shortfall }: MissingScope, identity: Identity): Refusal {
    const who = identity.type === 'user' ? 'User session' : 'API key'
    const granted = this.#revealGranted && 'grant' in identity ? { grantedScopes: identity.grant!.current } : {}
    const members = { requiredScopes: demand.names, missingScopes: shortfall.scopes, ...granted }
    const denial = Object.freeze({ ...MISSING_SCOPE, message: `${who} missing required ${shortfall.text}`, ...members })
    return {
      denial,
      body: JSON.stringify(denial),
      headers: this.#challenge(`error="insufficient_scope", scope="${demand.names.join(' ')}"`),
      toError: () => Object.assign(new errors.MissingScopeError(who, shortfall.text), members)
    }
  }

  #challenge (parameters?: string): Record<string, string> {
    return { 'www-authenticate': `Bearer realm="${this.#realm}"${parameters === undefined ? '' : `, ${parameters}`}` }
  }
}

function refusal (PlainError: new () => FastifyError, headers: Record<string, string>): Refusal {
  const denial = denialOf(new PlainError())
  return { denial, body: JSON.stringify(denial), headers, toError: () => new PlainError() }
}

function denialOf ({ statusCode, code, message }: FastifyError): Denial {
  return Object.freeze({ statusCode: statusCode!, code, error: STATUS_CODES[statusCode!]!, message })
}

const MISSING_SCOPE = denialOf(new errors.MissingScopeError('', ''))
