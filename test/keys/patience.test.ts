// What a management call waits for: ten seconds, and no longer.
import { mock } from 'node:test'
import t from 'tap'
import type { Keyring } from '../../lib/keys/keyring.js'
import { memoryStore } from '../../lib/stores/memory.js'
import { setUp } from './set-up.js'

const never = async () => await new Promise<never>(() => {})
const u1 = { id: 'u1' }

const slow: ReadonlyArray<readonly [title: string, setting: Parameters<typeof setUp>[0], call: (keys: Keyring) => Promise<unknown>, code: string]> = [
  ['a store, asked for a record', { store: { ...memoryStore(), get: never } }, async keys => await keys.get('x'), 'FST_API_KEY_STORE_UNAVAILABLE'],
  ['a store, told to add one', { store: { ...memoryStore(), insert: never } }, async keys => await keys.create({ name: 'n', scopes: [] }), 'FST_API_KEY_STORE_UNAVAILABLE'],
  ['a store, told to revoke all', { store: { ...memoryStore(), revokeOwner: never } }, async keys => await keys.revokeOwner('u1'), 'FST_API_KEY_STORE_UNAVAILABLE'],
  ['grantable', { grantable: never }, async keys => await keys.create({ name: 'n', scopes: ['apps:read'] }, { as: u1 }), 'FST_API_KEY_RIGHTS_UNAVAILABLE'],
  ['ownerScopes', { ownerScopes: never }, async keys => {
    const { record } = await keys.create({ name: 'n', ownerId: 'u1', scopes: ['apps:read'] })
    return await keys.create({ name: 'n', scopes: ['apps:read'] }, { as: { type: 'apiKey', record } })
  }, 'FST_API_KEY_RIGHTS_UNAVAILABLE']
]

for (const [title, setting, call, code] of slow) {
  t.test(`${title}, that never answers is waited for ten seconds`, async (t) => {
    mock.timers.enable({ apis: ['setTimeout'] })
    t.teardown(() => { mock.timers.reset() })
    const failed = call(setUp(setting).keys).then(() => 'answered', (error: { code: string }) => error.code)
    const turn = async () => await new Promise(resolve => setImmediate(() => { resolve('waiting') }))
    await turn()
    mock.timers.tick(9999)
    await turn()
    t.equal(await Promise.race([failed, turn()]), 'waiting')
    mock.timers.tick(1)
    t.equal(await failed, code)
  })
}
