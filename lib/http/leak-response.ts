import { setImmediate as others } from 'node:timers/promises'
import type { CallingRequest } from '../keys/life/caller.js'
import { isText } from '../keys/key-fields.js'
import type { Keyring } from '../keys/keyring.js'
import type { ApiKeyRecord } from '../keys/record.js'
import type { ReportedSecret } from './leak-report.js'

/** A place where an API key was found in public. The key is revoked. */
export interface Leak {
  /** Of the key, as it is now. */
  readonly record: ApiKeyRecord
  /** Where it was found; may be empty. A key that stands in it is replaced. */
  readonly url: string
  /** In what it was found, as GitHub calls it: `content`, `commit`, `issue_comment`, `npm` ... */
  readonly source: string
  /** The name under which your pattern is registered with GitHub. */
  readonly type: string
}

/** What came of a report. */
export interface LeakResponse {
  /** The tokens that are keys of ours, revoked before or now. */
  readonly known: ReadonlySet<string>
  /** The places of the keys that were revoked now, and not before. */
  readonly leaks: readonly Leak[]
  /** Why some tokens could not be looked up, or not be revoked. */
  readonly failures: readonly unknown[]
}

/**
 * Revokes every API key of a report that is not revoked yet, in whatever state it is. What fails for one stops no other, and
 * to do all of it again changes nothing.
 */
export async function respondTo (report: readonly ReportedSecret[], apiKeys: Keyring, request: CallingRequest): Promise<LeakResponse> {
  const firstPlaces = new Map([...report].reverse().map(secret => [secret.token, secret]))
  const strangers = new Set<string>()
  const known = new Map<string, ApiKeyRecord>()
  const unsearched = await inBatches([...firstPlaces.keys()], async token => {
    // When somebody last used it is worth knowing now.
    const verification = await apiKeys.verify(token, { countsAsUse: false })
    if (verification.record !== null) known.set(token, verification.record)
    else if (!verification.valid && verification.reason === 'corrupt') throw new Error('the record of a leaked API key is corrupt, so the key cannot be revoked; repair the record')
    else strangers.add(token)
  })

  const secrets = finderOf([...firstPlaces.keys()].filter(token => !strangers.has(token)))
  const revoked = new Map<string, ApiKeyRecord>()
  const living = [...known].filter(([, { revokedAt }]) => revokedAt === null)
  const unrevoked = await inBatches(living, async ([token, { id }]) => {
    const reason = reasonFor(firstPlaces.get(token)!, secrets)
    const record = await apiKeys.revoke(id, { reason, actor: 'github-secret-scanning', request })
    if (record !== null) revoked.set(token, record)
  })

  const leaks = report.filter(({ token }) => revoked.has(token)).map(({ token, url, source, type }): Leak => ({
    record: revoked.get(token)!, url: shown(url, secrets, 2000), source: shown(source, secrets, 200), type: shown(type, secrets, 200)
  }))
  return { known: new Set(known.keys()), leaks, failures: [...unsearched, ...unrevoked] }
}

/** Does something with each item, several at a time, and answers what went wrong. */
export async function inBatches<Item> (items: readonly Item[], work: (item: Item) => Promise<void>): Promise<unknown[]> {
  const failures: unknown[] = []
  for (let at = 0; at < items.length; at += BATCH) {
    const batch = items.slice(at, at + BATCH)
    await Promise.all(batch.map(async item => await work(item).catch((error: unknown) => { failures.push(error) })))
    // A store that answers at once would leave no time for the requests of others.
    await others()
  }
  return failures
}

/** Many reports must be done before GitHub gives up, and the store has other things to do. */
const BATCH = 16

/** As `revoke` takes it. */
function reasonFor ({ url, source }: ReportedSecret, secrets: SecretFinder): string {
  return shown(['leaked:', source, url].filter(part => part !== '').join(' '), secrets, 200)
}

/** A text without the keys that may stand in it (a file can be named after one), and fit for logs and lists. */
function shown (text: string, secretAt: SecretFinder, longest: number): string {
  let fit = ''
  for (let at = 0; at < text.length;) {
    const secret = secretAt(text, at)
    const char = String.fromCodePoint(text.codePointAt(at)!)
    const part = secret > 0 ? '…' : isText(char, 2) ? char : '?'
    if (fit.length + part.length > longest) break
    fit += part
    at += secret || char.length
  }
  return fit
}

/** The length of the secret that begins at this place of a text, plain or as in a URL; 0: none does. */
type SecretFinder = (text: string, at: number) => number

/** There may be thousands: nothing is looked for one by one. */
function finderOf (secrets: readonly string[]): SecretFinder {
  const forms = new Set(secrets.flatMap(secret => [secret, encodeURIComponent(secret)]))
  const lengths = [...new Set([...forms].map(form => form.length))].sort((a, b) => b - a)
  return (text, at) => lengths.find(length => forms.has(text.slice(at, at + length))) ?? 0
}
