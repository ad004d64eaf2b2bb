import { fingerprintOf } from '../../lib/keys/digest.js'
import type { App, HeldKey } from './app.js'
import { SCOPES } from './lib.js'
import type { World } from './world.js'

export const OWNERS = ['ann', 'bob'] as const

/** What an operator or a user does with keys, through any process. */
export type Deed = (world: World, app: App, held: HeldKey & { id: string }) => Promise<void>

const DEEDS: ReadonlyArray<readonly [often: number, deed: Deed]> = [
  [5, async (_, app, { name, id }) => { await app.manage(`revoke ${name}`, async () => await app.keys.revoke(id)) }],
  [3, async (_, app, { name, id }) => { await app.manage(`disable ${name}`, async () => await app.keys.update(id, { disabled: true })) }],
  [3, async (_, app, { name, id }) => { await app.manage(`enable ${name}`, async () => await app.keys.update(id, { disabled: false })) }],
  [3, async ({ random }, app, { name, id }) => {
    const scopes = random.pick([[], ['read'], ['write'], ['read', 'write']])
    await app.manage(`grant ${name} ${scopes.join('+') || 'nothing'}`, async () => await app.keys.update(id, { scopes }))
  }],
  [3, async (world, app, { name, id, ownerId }) => {
    const gracePeriod = world.random.pick(['PT0S', 'PT1S', 'PT1H'])
    await app.manage(`rotate ${name} (${gracePeriod})`, async () => {
      const issued = await app.keys.rotate(id, { gracePeriod })
      if (issued !== null) hold(world, issued.key, issued.record.id, ownerId)
      return issued
    })
  }],
  [2, async (world, app) => {
    const ownerId = world.random.pick([...OWNERS, null])
    await app.manage('create a key', async () => {
      const { key, record } = await app.keys.create({ name: 'new', ownerId, scopes: ['read', 'write'] })
      hold(world, key, record.id, ownerId)
    })
  }],
  [1, async ({ random }, app) => {
    const ownerId = random.pick(OWNERS)
    await app.manage(`revoke all of ${ownerId}`, async () => await app.keys.revokeOwner(ownerId))
  }],
  [1, async (_, app) => { await app.manage('purge', async () => await app.keys.purge({ olderThan: 'PT0S' })) }],
  [1, async ({ random, judge, tell }) => {
    const ownerId = random.pick(OWNERS)
    const scopes = random.pick([null, [], ['read'], [...SCOPES]])
    tell?.(`${ownerId} may do ${scopes?.join('+') ?? 'nothing any more'}`)
    judge.ownerMay(ownerId, scopes)
  }]
]

const CHOICES = DEEDS.flatMap(([often, deed]) => Array.from({ length: often }, () => deed))

/** Does something, unless this process is doing something already. A key that nobody has made yet is imported. */
export function doSomething (world: World, app: App): void {
  if (app.link.call !== null) return
  const held = world.random.pick(world.keys)
  const { id } = held
  const deed = world.random.pick(CHOICES)
  if (id === null) importKey(app, held).catch(world.fail)
  else deed(world, app, { ...held, id }).catch(world.fail)
}

async function importKey (app: App, held: HeldKey): Promise<void> {
  await app.manage(`import ${held.name}`, async () => {
    const { imported: [done = null], existing: [known = null] } = await app.keys.import([{ digest: fingerprintOf(held.key), name: 'old', scopes: ['read'], ownerId: held.ownerId }])
    held.id = (done ?? known)!.id
  })
}

function hold (world: World, key: string, id: string, ownerId: string | null): void {
  const digests = world.digester.candidates(fingerprintOf(key))
  world.keys.push({ name: `k${world.keys.length + 1}`, key, digests, id, ownerId })
}
