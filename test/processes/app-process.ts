/**
 * One of several processes that serve the same API on one store: `app-process <url of the store> <options of the plugin>`.
 * Says where it listens, and then does what it is sent, line by line.
 */
import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import Fastify from 'fastify'
import type { KeyStore } from '../../lib/keys/store.js'
import apiKeyScopes from '../../lib/plugin.js'
import { defineScopes, type Catalog } from '../../lib/scopes/catalog.js'
import { clock } from './clock.js'
import { storeAt } from './store-at.js'

const [url, options] = process.argv.slice(2) as [string, string]

const reads = { findByDigest: 0, changes: 0 }
const app = Fastify({ logger: process.env.LOG === undefined ? false : { level: process.env.LOG, file: `${process.env.LOG_FOLDER ?? '/tmp'}/app-${process.pid}.log` } })
const scopes = defineScopes({ 'devices:read': 'Read devices' }) as unknown as Catalog
await app.register(apiKeyScopes, { scopes, store: counting(await storeAt(url)), keyPrefix: 'acme', ...JSON.parse(options) })
app.get('/devices', { config: { scopes: 'devices:read' } }, async () => ({ at: clock() }))
app.get('/health', { config: { public: true } }, async () => ({ at: clock() }))
await app.listen({ port: 0, host: '127.0.0.1' })
tell({ port: (app.server.address() as AddressInfo).port })

const commands = {
  create: async (name: string) => await app.apiKeys.create({ name, ownerId: 'user-1', scopes: ['devices:read'] }),
  import: async (key: string) => {
    const digest = createHash('sha256').update(key).digest('hex')
    return await app.apiKeys.import([{ digest, name: 'imported', ownerId: 'user-1', scopes: ['devices:read'] }])
  },
  revoke: async (id: string) => await app.apiKeys.revoke(id),
  reads: async () => reads,
  heap: async () => {
    setFlagsFromString('--expose-gc')
    runInNewContext('gc')()
    return process.memoryUsage().heapUsed
  },
  close: async () => {
    await app.close()
    process.stdin.destroy()
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { command, argument } = JSON.parse(line) as { command: keyof typeof commands, argument: string }
  try {
    const result = await commands[command](argument)
    // Taken as soon as it is done: from then on it is acknowledged.
    tell({ at: clock(), result })
  } catch (error) {
    tell({ at: clock(), error: String(error) })
  }
}

/** Counts how often the store was asked. */
function counting (store: KeyStore): KeyStore {
  const { findByDigest, changes } = store
  store.findByDigest = (digest) => {
    reads.findByDigest++
    return findByDigest.call(store, digest)
  }
  if (changes !== undefined) {
    store.changes = (since) => {
      reads.changes++
      return changes.call(store, since)
    }
  }
  return store
}

function tell (what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`)
}
