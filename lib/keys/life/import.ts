import { randomUUID } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { LISTED } from '../../scopes/faults.js'
import { InvalidInputError, StoreUnavailableError } from '../errors.js'
import { readImportedKey, type CheckedImport, type ImportedKey } from '../imported-key.js'
import { recordOf } from '../known-key.js'
import type { ApiKeyRecord, StoredKey } from '../record.js'
import { callerNow } from './acting-key.js'
import type { Caller, CallOptions } from './caller.js'
import { adding, happening, refuseBeyond, type KeyLife } from './life.js'

/** What became of the keys of an import. */
export interface ImportResult {
  readonly imported: readonly ApiKeyRecord[]
  /** Those that were there already, as they are. */
  readonly existing: readonly ApiKeyRecord[]
}

export function importing (life: KeyLife) {
  const { records, digester, auditor, verifier } = life

  return async (keys: readonly ImportedKey[], options?: CallOptions): Promise<ImportResult> => {
    const insert = records.capability('insert', 'import')
    const findByDigest = records.capability('findByDigest', 'import')
    const caller = await callerNow(life, 'import', options)
    const breathe = breather()
    const now = new Date()

    const wanted = await readKeys(keys, caller, now, life, breathe)
    const existing: ApiKeyRecord[] = []
    const missing: Array<readonly [CheckedImport, number]> = []
    const given = new Set<string>()
    for (const [i, key] of wanted.entries()) {
      const record = await find(key, i)
      if (record !== null) {
        existing.push(record)
      } else {
        missing.push([key, i])
        for (const scope of key.scopes) given.add(scope)
      }
      await breathe()
    }
    const scopes = [...given]
    await refuseBeyond(life, scopes, caller, happening('import', caller, { ownerId: caller.owner ?? null, scopes }))

    const imported: ApiKeyRecord[] = []
    for (const [key, i] of missing) {
      await add(key, i)
      await breathe()
    }
    return { imported, existing }

    async function find ({ fingerprint }: CheckedImport, i: number): Promise<ApiKeyRecord | null> {
      for (const digest of digester.candidates(fingerprint)) {
        const stored = await records.asked(() => findByDigest(digest))
        // A Map's `undefined` means the same as `null`.
        if (stored == null) continue
        // Added by another process, it may be, a moment ago: from this answer on it works here, too.
        verifier.changed([digest])
        const record = records.readable(stored, caller.sees)
        if (record !== null) return record
        // Somebody else's, or corrupt: whoever knows the digest learns no more than that it is there.
        throw new InvalidInputError(`keys[${i}].digest is taken`)
      }
      return null
    }

    async function add (key: CheckedImport, i: number): Promise<void> {
      const { fingerprint, ...fields } = key
      const stored: StoredKey = { id: randomUUID(), ...digester.forNewKey(fingerprint), ...fields, revokedAt: null, revokedReason: null, rotatedFrom: null }
      const { id, ownerId, scopes } = stored
      try {
        await auditor.change(happening('import', caller, { keyId: id, ownerId, scopes }), () => adding(life, insert, stored))
        imported.push(recordOf(stored))
      } catch (error) {
        // Several processes that start at once may all import the same: another one was first.
        const other = error instanceof StoreUnavailableError ? await find(key, i) : null
        if (other === null || other.id === id) throw error
        existing.push(other)
      }
    }
  }
}

/** @throws {InvalidInputError} naming what is wrong with which key, of the first few faults. */
async function readKeys (keys: unknown, caller: Caller, now: Date, { rules, verifier }: KeyLife, breathe: () => Promise<void>): Promise<readonly CheckedImport[]> {
  // Not shown: it may be a list of keys.
  if (!Array.isArray(keys) || keys.length > MOST) throw new InvalidInputError(`expected a list of at most ${MOST} keys { digest, name, ownerId, scopes, ... }`)
  const rulesOfAll = {
    ...rules,
    now: now.getTime(),
    actingKeyExpires: caller.key?.expiresAt ?? null,
    owner: caller.owner,
    verifier
  }
  const faults: string[] = []
  const read: CheckedImport[] = []
  const places = new Map<string, number>()
  for (const [i, input] of keys.entries()) {
    const known = faults.length
    const key = readImportedKey(input, `keys[${i}]`, rulesOfAll, faults)
    if (key !== undefined && faults.length === known) {
      const other = places.get(key.fingerprint)
      if (other === undefined) places.set(key.fingerprint, i)
      else faults.push(`keys[${i}].digest is that of keys[${other}], too`)
      read.push(key)
    }
    if (faults.length > LISTED) break
    await breathe()
  }
  if (faults.length > 0) {
    const more = faults.length > LISTED ? '; and more, which will be told once these are put right' : ''
    throw new InvalidInputError(faults.slice(0, LISTED).join('; ') + more)
  }
  return read
}

const MOST = 100_000

/** Lets others have their turn every few milliseconds: a store that answers at once does not. */
function breather (): () => Promise<void> {
  let since = performance.now()
  return async () => {
    if (performance.now() - since < 5) return
    await nextTurn()
    since = performance.now()
  }
}
