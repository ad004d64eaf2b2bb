import { StoreIncapableError, StoreUnavailableError } from './errors.js'
import type { ResolveGrant } from './grants.js'
import { isCorrupt, readStoredKey } from './known-key.js'
import type { ApiKeyRecord, StoredKey } from './record.js'
import type { Awaitable, KeyStore } from './store.js'
import type { StoreTrouble } from './verifier.js'
import { PATIENCE, within } from './within.js'

type Method = Exclude<keyof KeyStore, 'open' | 'close'>

export type Records = ReturnType<typeof recordsIn>

/** What answers a list. @throws {TypeError} if it is none, so that nothing must pass for nothing found. */
export function listOf (answer: unknown): readonly StoredKey[] {
  if (Array.isArray(answer)) return answer
  throw new TypeError('the store must answer a list of records')
}

/** The records of a store, for the calls of `app.apiKeys`: readable ones, and clear errors. */
export function recordsIn (store: KeyStore, resolve: ResolveGrant, trouble: StoreTrouble) {
  return { has, capability, asked, get, readable }

  function has (method: Method): boolean {
    return typeof store[method] === 'function'
  }

  /** @throws {StoreIncapableError} if the store lacks the method. */
  function capability<M extends Method> (method: M, call: string): NonNullable<KeyStore[M]> {
    const found = store[method]
    if (typeof found !== 'function') throw new StoreIncapableError(method, call)
    return found.bind(store) as NonNullable<KeyStore[M]>
  }

  /** @throws {StoreUnavailableError} if the store cannot answer, or not in time: then it may still do what it was asked. */
  async function asked<T> (question: () => Awaitable<T>): Promise<T> {
    try {
      return await within(PATIENCE, (async () => await question())(), () => new Error('the store did not answer in time'))
    } catch (cause) {
      trouble.failed(cause)
      throw new StoreUnavailableError({ cause })
    }
  }

  /** `null` if there is none, or `sees` names another owner than its own. */
  async function get (id: string, call: string, sees: string | undefined): Promise<ApiKeyRecord | null> {
    const read = capability('get', call)
    const found = await asked(() => read(id))
    return found == null ? null : readable(found, sees)
  }

  /** `null` if the record is corrupt, or somebody else's. */
  function readable (stored: StoredKey, sees: string | undefined): ApiKeyRecord | null {
    const key = readStoredKey(stored, resolve)
    if (isCorrupt(key)) {
      trouble.corrupt(Object(stored).id, key.corrupt)
      return null
    }
    return sees === undefined || key.record.ownerId === sees ? key.record : null
  }
}
