// What the tests of keyrings share.
import { Auditor, type AuditEvent, type AuditSettings } from '../../lib/keys/audit.js'
import type { MissingRequiredPolicy } from '../../lib/keys/granted-scopes.js'
import { digester, fingerprintOf, type Pepper } from '../../lib/keys/digest.js'
import { keyring, type Keyring } from '../../lib/keys/keyring.js'
import type { Grantable } from '../../lib/keys/life/ceiling.js'
import type { OwnerScopes } from '../../lib/keys/owner-rights.js'
import type { StoredKey } from '../../lib/keys/record.js'
import type { KeyStore } from '../../lib/keys/store.js'
import { NOT_NOTED, type UsageNotes } from '../../lib/keys/usage/notes.js'
import { KeyVerifier } from '../../lib/keys/verifier.js'
import { defineScopes, type Catalog } from '../../lib/scopes/catalog.js'
import { memoryStore } from '../../lib/stores/memory.js'

export const entries = {
  full: { includes: '*' },
  'api:read': { includes: '*:read' },
  'apps:read': '',
  'apps:deploy': { includes: 'apps:read' },
  'hosts:read': '',
  soon: { status: 'planned' },
  asked: { status: 'under-review' }
} as const
export const catalog = defineScopes(entries) as Catalog

interface Setting {
  store?: KeyStore
  catalog?: Catalog
  maxStaleness?: number
  peppers?: readonly Pepper[]
  prefixes?: readonly string[]
  missingRequired?: MissingRequiredPolicy
  mutableScopes?: boolean
  maxKeyLifetime?: number | null
  grantable?: Grantable
  ownerScopes?: OwnerScopes
  audit?: Partial<AuditSettings>
  usage?: UsageNotes
}

/** A keyring, its verifier, all that was told to the operator, and all that was audited. */
export function setUp ({
  store = memoryStore(), catalog: scopes = catalog, maxStaleness = 60_000, peppers = [], prefixes = ['acme'],
  missingRequired = 'reject', mutableScopes = true, maxKeyLifetime = null, grantable, ownerScopes, audit = {}, usage = NOT_NOTED
}: Setting = {}) {
  const told: unknown[][] = []
  const trouble = {
    failed (error: unknown) { told.push(['failed', error]) },
    corrupt (id: unknown, faults: readonly string[]) { told.push(['corrupt', id, faults]) },
    ineffective (id: string, names: readonly string[]) { told.push(['ineffective', id, names]) },
    forgot (...what: unknown[]) { told.push(['forgot', ...what]) }
  }
  const events: AuditEvent[] = []
  const auditor = new Auditor({ sink: undefined, required: false, decisions: 'denied', ...audit }, {
    said (event) { events.push(event) },
    lost (error) { told.push(['lost', error]) }
  })
  const digests = digester(peppers, false)
  const verifier = new KeyVerifier({ catalog: scopes, store, prefixes, digester: digests, maxStaleness, ownerScopes, trouble })
  const keys = keyring({ catalog: scopes, store, prefix: prefixes[0]!, digester: digests, verifier, trouble, auditor, missingRequired, mutableScopes, maxKeyLifetime, grantable, ownerScopes, usage })
  return { keys, store, verifier, told, events }
}

/** A store in memory that counts what it is asked. */
export function watched () {
  const memory = memoryStore()
  const calls: Partial<Record<keyof KeyStore, number>> = {}
  const store = Object.fromEntries(Object.entries(memory).map(([name, call]) => [name, async (...args: unknown[]) => {
    const method = name as keyof KeyStore
    calls[method] = (calls[method] ?? 0) + 1
    return await (call as (...args: unknown[]) => unknown)(...args)
  }])) as unknown as Required<KeyStore>
  return { store, memory, calls }
}

/** A store in memory whose reads, while it is `slow`, are answered with what was true at their time, once it is opened. */
export function gated () {
  const memory = memoryStore()
  const gate = { slow: false, open: () => {} }
  const opened = new Promise<void>(resolve => { gate.open = resolve })
  const store: KeyStore = {
    ...memory,
    async findByDigest (digest) {
      const found = await memory.findByDigest(digest)
      if (gate.slow) await opened
      return found
    }
  }
  return { store, gate }
}

/** Why a key is refused, or `null`. */
export const refusalOf = async (keys: Keyring, key: string) => {
  const verification = await keys.verify(key)
  return verification.valid ? null : verification.reason
}

/** What the store holds of a key. */
export async function stored (store: KeyStore, key: string): Promise<StoredKey> {
  return (await store.findByDigest(fingerprintOf(key)))!
}
