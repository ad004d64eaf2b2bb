import { fingerprintOf } from '../../lib/keys/digest.js'
import { generateKey } from '../../lib/keys/key-format.js'
import type { StoredKey } from '../../lib/keys/record.js'
import type { App } from './app.js'
import { doSomething, OWNERS } from './deeds.js'
import { SCOPES, type Lib } from './lib.js'
import { leaveMachine } from './machine.js'
import { mishaps } from './mishaps.js'
import { seedBytes } from './pretend.js'
import { Random } from './random.js'
import { weatherOf, type Weather } from './weather.js'
import { World } from './world.js'

/** What this simulation changes of the weather. */
export type Change = (weather: Weather) => Weather

/** Runs one simulation. Answers how it broke the promise, or `null`. @param trace takes what happens. */
export async function simulate (lib: Lib, seed: number, change: Change = weather => weather, trace?: string[]): Promise<string | null> {
  const random = new Random(seed)
  seedBytes(seed)
  leaveMachine()
  const world = new World(lib, random, change(weatherOf(random)), trace)
  const { weather, timeline } = world
  const isOver = () => world.broken !== null
  populate(world)
  plan(world)
  await timeline.runUntil(weather.lasts * weather.unit, isOver)
  if (!isOver() && weather.isCalmAtLast) await calmDown(world, isOver)
  return world.broken
}

/** Keys that are there at the start, one that nobody has made yet, and processes. */
function populate (world: World): void {
  const { weather, server, judge, keys, random } = world
  for (const ownerId of OWNERS) judge.ownerMay(ownerId, [...SCOPES])
  for (let i = 0; i <= weather.keys; i++) {
    const key = keyNumber(i)
    const digests = world.digester.candidates(fingerprintOf(key))
    const ownerId = [...OWNERS, null][i % 3]!
    const id = i === weather.keys ? null : `id-${i + 1}`
    keys.push({ name: `k${i + 1}`, key, digests, id, ownerId })
    if (id !== null) server.insert(recordOf(id, digests.at(-1)!, ownerId))
  }
  for (let place = 0; place < weather.apps; place++) {
    world.start(place)
    // Later ones find the store changed.
    if (random.chance(0.1)) world.apps[place]!.machine.stop(random.between(0, 1) * weather.unit, false)
  }
}

/** Requests, changes and mishaps, each at a time of its own. */
function plan (world: World): void {
  const { weather, timeline, random } = world
  const { lasts, unit } = weather
  spread(lasts * weather.requests * weather.apps, () => {
    const app = random.pick(world.apps)
    app.machine.receive(() => { app.serveAll() })
  })
  spread(lasts * weather.changes, () => {
    doSomething(world)
  })
  for (const [kind, often] of weather.mishaps) spread(lasts * often, () => { mishaps[kind](world) })

  function spread (often: number, happen: () => void): void {
    for (let i = random.whole(0, 1) + Math.floor(often); i > 0; i--) {
      timeline.at(random.next() * lasts * unit, () => {
        leaveMachine()
        happen()
      })
    }
  }
}

/** Once nothing goes wrong any more, everything works within two `maxStaleness`, and nothing that is remembered is read again. */
async function calmDown (world: World, isOver: () => boolean): Promise<void> {
  const { weather, timeline, network, judge, tell } = world
  const { unit } = weather
  tell?.('from now on all goes well')
  network.isCalm = true
  network.isDown = false
  mishaps.bump(world)
  for (const app of world.apps) app.link.downUntil = 0
  // What was sent before may still be under way, and machines may still stand still.
  await timeline.runUntil(timeline.now + 6 * unit, isOver)
  const calm = timeline.now
  const isIdle = world.apps.map(({ link }) => link.call === null)
  await timeline.runUntil(calm + 2 * unit, isOver)
  for (const app of world.apps) app.unavailable = 0
  await all(1)
  const reads = world.apps.map(({ link }) => link.reads)
  for (let i = 0; i < 5; i++) await all(0.3)
  const isRemembered = weather.tells && !weather.ownerScopes && weather.maxStaleness > 0 && judge.changed < calm
  for (const [i, { name, link, waiting, unavailable }] of world.apps.entries()) {
    if ([...waiting.values()].some(since => since < timeline.now - 2.2 * unit)) world.fail(`${name} keeps a request waiting`)
    if (unavailable > 0) world.fail(`${name} cannot tell, though the store can be asked`)
    if (isRemembered && isIdle[i] && link.reads > reads[i]!) world.fail(`${name} reads what it remembers`)
  }
  await endAll(world, isOver)

  async function all (units: number): Promise<void> {
    tellAll(world, app => { app.serveAll() })
    await timeline.runUntil(timeline.now + units * unit, isOver)
  }
}

/** Whoever has closed does not need the store any more. */
async function endAll (world: World, isOver: () => boolean): Promise<void> {
  const { apps, timeline, weather, fail } = world
  const ended = new Map<App, number>()
  tellAll(world, app => { app.close().then(() => { ended.set(app, app.link.polls) }, fail) })
  await timeline.runUntil(timeline.now + 2 * weather.unit, isOver)
  for (const app of apps) if (ended.get(app) !== app.link.polls) fail(`${app.name} has not ended`)
}

/** Each in its turn, for it has a clock of its own. */
function tellAll ({ apps, timeline }: World, tell: (app: App) => void): void {
  for (const app of apps) timeline.in(0, () => { app.machine.receive(() => { tell(app) }) })
}

const made: string[] = []

/** Always the same ones: to make them takes longer than to simulate with them. */
function keyNumber (i: number): string {
  made[i] ??= generateKey('k', size => Uint8Array.from({ length: size }, (_, place) => (i * 41 + place * 7) % 248))
  return made[i]
}

function recordOf (id: string, digest: string, ownerId: string | null): StoredKey {
  const times = { createdAt: new Date(0), expiresAt: null, revokedAt: null, disabledAt: null, lastUsedAt: null }
  return { ...times, id, digest, ownerId, name: id, start: '', scopes: [...SCOPES], revokedReason: null, metadata: {}, rotatedFrom: null, pepperVersion: 1 }
}
