import type { App } from './app.js'
import type { MishapKind } from './weather.js'
import type { World } from './world.js'

const HOUR = 3_600_000

/** What goes wrong, beside messages. */
export const mishaps: Readonly<Record<MishapKind, (world: World) => void>> = {
  /** SIGSTOP, and SIGCONT after some time. */
  pause (world) {
    const { random, weather, tell } = world
    const app = random.pick(world.apps)
    const milliseconds = random.between(0.3, 3) * weather.unit
    tell?.(`${app.name} is stopped for ${Math.round(milliseconds)}`)
    app.machine.stop(milliseconds, false)
  },

  /** Something keeps the event loop busy. */
  stall (world) {
    const { random, weather, tell } = world
    const app = random.pick(world.apps)
    const milliseconds = random.between(0.01, 0.5) * weather.unit
    tell?.(`${app.name} is busy for ${Math.round(milliseconds)}`)
    app.machine.stop(milliseconds, false)
  },

  /** The machine sleeps, and may wake up with another time. */
  sleep (world) {
    const { random, weather, tell } = world
    const app = random.pick(world.apps)
    const milliseconds = random.between(0.1, 5) * weather.unit
    tell?.(`the machine of ${app.name} sleeps for ${Math.round(milliseconds)}`)
    app.machine.stop(milliseconds, true)
    if (random.chance(0.3)) setClock(world, app)
  },

  /** The wall clock is set. */
  clock (world) {
    setClock(world, world.random.pick(world.apps))
  },

  restart (world) {
    const { random, weather, timeline, tell } = world
    const app = random.pick(world.apps)
    const place = world.apps.indexOf(app)
    tell?.(`${app.name} is killed`)
    app.machine.kill()
    timeline.in(random.between(0, 0.5) * weather.unit, () => { if (world.apps[place] === app) world.start(place) })
  },

  /** A process cannot reach the store. */
  partition (world) {
    const { random, weather, timeline, tell } = world
    const app = random.pick(world.apps)
    const milliseconds = random.between(0.1, 3) * weather.unit
    tell?.(`${app.name} is cut off for ${Math.round(milliseconds)}`)
    app.link.downUntil = timeline.now + milliseconds
  },

  /** The store is down for everybody: it hangs, or refuses. */
  outage (world) {
    const { random, weather, timeline, network, tell } = world
    const milliseconds = random.between(0.1, 2.5) * weather.unit
    network.isDown = true
    network.refuses = random.chance(0.5)
    tell?.(`the store ${network.refuses ? 'refuses' : 'hangs'} for ${Math.round(milliseconds)}`)
    timeline.in(milliseconds, () => { network.isDown = false })
  },

  /** Another server takes over, which may not have the last few commits. */
  failover (world) {
    const lost = world.random.whole(0, 3)
    world.tell?.(`the store fails over, without the last ${lost} changes`)
    world.server.failOver(lost)
    endMisleading(world)
  },

  /** A backup is put back. Sooner or later the operator says so: `api-key-scopes epoch bump`. */
  restore (world) {
    const { random, weather, timeline, server, tell } = world
    const lost = random.whole(1, 4)
    tell?.(`the store is restored, without the last ${lost} changes`)
    server.restore(lost)
    timeline.in(random.between(0, 2) * weather.unit, () => { mishaps.bump(world) })
  },

  bump (world) {
    world.tell?.('a new epoch is begun')
    world.server.bumpEpoch()
    endMisleading(world)
  }
}

/** Far: by as much as the machine has slept, to the second, it could not tell. */
function setClock ({ random, tell }: World, { name, machine }: App): void {
  const by = random.pick([-24 * HOUR, -HOUR, HOUR, 24 * HOUR]) + Math.round(random.between(0, 1000))
  tell?.(`the wall clock of ${name} is set by ${by}`)
  machine.setWall(by)
}

/** Whoever asks from now on is told that the history is another. */
function endMisleading ({ apps, timeline }: World): void {
  for (const { link } of apps) {
    for (const misled of link.knowledge.misled) misled.until = Math.min(misled.until, timeline.now)
  }
}
