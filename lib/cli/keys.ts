import { userInfo } from 'node:os'
import type { Settings } from '../http/settings.js'
import type { Auditor } from '../keys/audit.js'
import { digester } from '../keys/digest.js'
import { ForeignKeys } from '../keys/foreign-keys.js'
import { keyring, type Keyring } from '../keys/keyring.js'
import type { KeyStore } from '../keys/store.js'
import { usageNotes } from '../keys/usage/notes.js'
import { KeyVerifier } from '../keys/verifier.js'
import type { Catalog } from '../scopes/catalog.js'
import { Audit, SILENT } from './audit.js'
import { explain } from './errors.js'
import type { Output } from './output.js'
import { NO_SCOPES, settingsFor, type Wanted } from './settings.js'
import { inTime, unlessInterrupted } from './waiting.js'

/** What a command works with. */
export interface Keys {
  readonly store: KeyStore
  readonly apiKeys: Keyring
  /** The same, but what it adds is not kept, and nobody is told. */
  readonly rehearsal: Keyring
  /** `null` where none is known, which no command hears of that needs one. */
  readonly catalog: Catalog | null
  /** Who did it, for the audit. */
  readonly by: { readonly actor: string }
  /** Ids of the records that were found and could not be read. */
  readonly corrupt: ReadonlySet<string>
}

/** Opens the keys of an app without the app, and closes them whatever happens. */
export async function withKeys (wanted: Wanted, output: Output, interrupted: AbortSignal, work: (keys: Keys) => Promise<void>): Promise<void> {
  const settings = await unlessInterrupted(interrupted, async () => await settingsFor(wanted))
  const { store, catalog } = settings
  const audit = new Audit(settings)
  const { ring, corrupt, told } = keyringsOf(settings, output)

  const keys = {
    store,
    apiKeys: ring(store, audit.auditor),
    rehearsal: ring(withoutWriting(store), SILENT),
    catalog: catalog === NO_SCOPES ? null : catalog,
    by: { actor: `cli:${osUser()}` },
    corrupt
  }

  if (!wanted.unopened) await unlessInterrupted(interrupted, async () => { await inTime(() => store.open?.()) })
  try {
    await unlessInterrupted(interrupted, async () => { await work(keys) })
  } catch (error) {
    // It says so itself.
    if (explain(error).code === 'FST_API_KEY_AUDIT_UNAVAILABLE') audit.lost.length = 0
    throw error
  } finally {
    await Promise.all([...told, audit.finished()])
    for (const loss of audit.lost) await output.warning(loss)
    if (!wanted.unopened) await inTime(() => store.close?.())
  }
}

/** As the plugin does it, but for the log, which is the terminal here. */
function keyringsOf (settings: Settings, output: Output) {
  const corrupt = new Set<string>()
  const told: Array<Promise<void>> = []
  const trouble = {
    failed () {},
    corrupt (id: unknown, faults: readonly string[]) {
      corrupt.add(String(id))
      told.push(output.warning(`the record ${String(id)} is corrupt, and its key is refused: ${faults.join(', ')}`))
    },
    ineffective () {},
    forgot () {}
  }
  const digests = digester(settings.peppers, settings.allowUnpeppered)
  const foreignKeys = new ForeignKeys(settings.foreignKeys, () => {})
  const verifier = new KeyVerifier({ ...settings, foreignKeys, digester: digests, trouble })
  const parts = { ...settings, prefix: settings.prefixes[0], digester: digests, verifier, trouble }
  // Where the app takes no notes of use there is nothing to tell of it; here nobody uses keys.
  const usage = settings.usageFlushInterval === null && { usage: usageNotes(settings.store, { flushInterval: null, failed () {}, full () {} }) }
  return { ring: (store: KeyStore, auditor: Auditor) => keyring({ ...parts, ...usage, store, auditor }), corrupt, told }
}

function withoutWriting (store: KeyStore): KeyStore {
  return { findByDigest: async digest => await store.findByDigest(digest), insert () {} }
}

/** A container may run as a user without a name. */
function osUser (): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
