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
  [3, async ({ random }, app) => {
    const ownerId = random.pick(OWNERS)
    await app.manage(`revoke all of ${ownerId}`, async () => await app.keys.revokeOwner(ownerId))
  }],
  [1, async (_, app) => { await app.manage('purge', async () => await app.keys.purge({ olderThan: 'PT0S' })) }]
]

const CHOICES = DEEDS.flatMap(([often, deed]) => Array.from({ length: often }, () => deed))

/** Somebody does something, through some process; and does it again through another one, if he is impatient. */
export function doSomething (world: World): void {
  const { random, weather, timeline } = world
  if (weather.ownerScopes && random.chance(0.3)) return changeOwner(world)
  const held = random.pick(world.keys)
  const deed = random.pick(CHOICES)
  ask()
  if (random.chance(0.3)) timeline.in(random.between(0, 0.3) * weather.unit, ask)

  function ask () {
    const app = random.pick(world.apps)
    app.machine.receive(() => {
      // One call of a process at a time, so that it is plain which one has done what.
      if (app.link.call !== null) return
      const { id } = held
      // What nobody has made yet is imported.
      const done = id === null ? importKey(app, held) : deed(world, app, { ...held, id })
      done.catch(world.fail)
    })
  }
}

/** No store tells of that. */
function changeOwner ({ random, judge, tell }: World): void {
  const ownerId = random.pick(OWNERS)
  const scopes = random.pick([null, [], ['read'], [...SCOPES]])
  tell?.(`${ownerId} may do ${scopes?.join('+') ?? 'nothing any more'}`)
  judge.ownerMay(ownerId, scopes)
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
