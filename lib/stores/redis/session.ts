import type { Connection } from './client.js'
import { reasonOf, runner, type Run } from './commands.js'
import type { Connector } from './connection.js'
import { readInfo, whyUnfit } from './fitness.js'
import { keysOf, type Keys } from './keys.js'
import { openError, type RedisStoreOptions } from './options.js'
import { infoScript, scripts, type Scripts } from './scripts.js'

/** An open store: a connection to a Redis that may be relied on, with the data of this version in it. */
export interface Session {
  readonly keys: Keys
  readonly scripts: Scripts
  readonly read: Run
  readonly change: Run
  /** A connection that waits for news, and so must not be used for anything else. */
  connectToWait (waits: number): Promise<Connection>
  /** What to end when the store is closed. */
  onClose (end: () => void): void
  close (): void
}

/** Rejects with FST_API_KEY_STORE_OPEN. */
export async function openSession (connector: Connector, { prefix, timeout, writeTimeout, allowDataLoss }: Required<RedisStoreOptions>): Promise<Session> {
  const { place } = connector
  let connection: Connection | undefined
  try {
    const own = connection = await connector.connect({ timeout, silence: writeTimeout })
    const keys = keysOf(prefix)
    const { run, changing } = runner(own, place, { timeout, writeTimeout })
    const text = await run(infoScript, [keys.feed]) as string | null
    const info = text === null ? undefined : readInfo(text)
    const why = whyUnfit(info, allowDataLoss)
    if (why !== undefined) throw new Error(why)

    const all = scripts(info !== undefined)
    const read: Run = (script, names, ...words) => run(script, names, keys.records, ...words)
    const change = changing(all.time, keys.records)
    const version = await change(all.begin, [keys.feed, keys.changes])
    if (version !== VERSION) throw new Error(`its data have version ${version}, and this fastify-api-key-scopes knows version ${VERSION}; update the package`)
    const atEnd = [() => { own.disconnect() }]
    return {
      keys,
      scripts: all,
      read,
      change,
      connectToWait: (waits) => connector.connect({ timeout, silence: waits + timeout }),
      onClose (end) { atEnd.push(end) },
      close () { for (const end of atEnd) end() }
    }
  } catch (error) {
    connection?.disconnect()
    throw openError(place, explain(reasonOf(error as Error).replace(`Redis at ${place}: `, '')))
  }
}

function explain (reason: string): string {
  return reason.startsWith('MOVED') ? 'it belongs to a cluster; give redisStore a Cluster client, or the URL of one of its servers' : reason
}

const VERSION = '1'
