import { readCredential } from '../http/credential.js'
import { NOBODY, type Identity, type Policy } from '../http/decision.js'
import { identityOf } from '../http/identity.js'
import { InvalidInputError } from '../keys/errors.js'
import { readGrantedScopes } from '../keys/granted-scopes.js'
import { anyKey, type KeyRefusal } from '../keys/known-key.js'
import type { ApiKeyRecord } from '../keys/record.js'
import type { KeyVerifier, Verdict } from '../keys/verifier.js'
import type { Catalog } from '../scopes/catalog.js'
import { isPlainObject } from '../scopes/entries.js'
import { show } from '../scopes/faults.js'
import type { Grant } from '../scopes/grant.js'
import type { ScopeName } from '../scopes/register.js'
import type { Views } from './views.js'

/** Who is asked about: a key, as it would be sent; the id of one; or any key with these scopes. */
export type ExplainedSubject =
  | { readonly key: string, readonly id?: never, readonly scopes?: never }
  | { readonly id: string, readonly key?: never, readonly scopes?: never }
  | { readonly scopes: readonly ScopeName[], readonly key?: never, readonly id?: never }

/** The same, judged as a request would be. */
export interface Identified {
  readonly identity: Identity
  readonly record: ApiKeyRecord | null
  readonly refusal: KeyRefusal | null
  /** As they were named. */
  readonly granted: readonly string[]
  /** What the owner of the key may do; left out: no limit. */
  readonly limit?: Grant
}

/** What is wrong is added to `faults`. The key is never shown. */
export function readSubject (subject: unknown, catalog: Catalog, faults: string[]): ExplainedSubject | undefined {
  const given = isPlainObject(subject) ? Object.entries(subject).filter(([, value]) => value !== undefined) : []
  const [name, value] = given[0] ?? []
  if (given.length !== 1 || !FORMS.includes(name!)) {
    const names = isPlainObject(subject) ? given.map(([other]) => show(other)).join(', ') || '{}' : typeof subject
    faults.push(`give one of { key }, { id } and { scopes }, not ${names}`)
    return undefined
  }
  if (name === 'scopes') {
    // What else they require is for whoever grants them.
    readGrantedScopes(value, { catalog, missingRequired: 'add' }, faults)
  } else if (typeof value !== 'string') {
    faults.push(`${name!} must be a string, not ${name === 'key' ? typeof value : show(value)}`)
  }
  return subject as ExplainedSubject
}

const FORMS = ['key', 'id', 'scopes']

/**
 * Finds out who that is, as far as a request to a route with this policy would.
 *
 * @throws {InvalidInputError} if there is no key with this id.
 */
export async function identify (subject: ExplainedSubject, policy: Policy, { ring, verifier }: Views): Promise<Identified> {
  if (policy.kind === 'public') return { identity: NOBODY, record: null, refusal: null, granted: [] }
  if (subject.scopes !== undefined) {
    const granted = [...new Set(subject.scopes)]
    return { identity: anyKey(verifier.resolve(granted)), record: null, refusal: null, granted }
  }
  if (subject.key !== undefined) return await identifyKey(subject.key, verifier)
  const record = await ring.get(subject.id)
  if (record === null) throw new InvalidInputError(`id: there is no API key with the id ${show(subject.id)}, or its record cannot be read`)
  return judged(await verifier.judge(record))
}

/** As the bearer token of a request; but nobody is asked whether it is a user's. */
async function identifyKey (key: string, verifier: KeyVerifier): Promise<Identified> {
  const sent = readCredential(['authorization', `Bearer ${key}`], null, value => verifier.isForeignKey(value))
  if (sent.kind === 'bearer' && verifier.claims(sent.value)) return judged(await verifier.verify(sent.value))
  return { identity: { type: sent.kind === 'bearer' ? 'noUser' : 'malformed' }, record: null, refusal: 'malformed', granted: [] }
}

function judged (verdict: Verdict): Identified {
  const { key, refusal } = verdict
  return { identity: identityOf(verdict), record: key?.record ?? null, refusal, granted: key?.record.scopes ?? [], ...key?.limit && { limit: key.limit } }
}
