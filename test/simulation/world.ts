import type { Digester } from '../../lib/keys/digest.js'
import { App, type HeldKey } from './app.js'
import { Judge } from './judge.js'
import type { Lib } from './lib.js'
import type { Link } from './link.js'
import { Machine } from './machine.js'
import { Network } from './network.js'
import { Random } from './random.js'
import { Server } from './server.js'
import { Timeline } from './timeline.js'
import type { Weather } from './weather.js'

/** Everything of one simulation, and what its parts need of each other. */
export class World {
  readonly lib: Lib
  readonly random: Random
  readonly weather: Weather
  readonly timeline = new Timeline()
  readonly judge: Judge
  readonly server: Server
  readonly network: Network
  readonly digester: Digester
  readonly apps: App[] = []
  readonly keys: HeldKey[] = []
  /** Hears of each change of the store: `watch`. */
  readonly watchers = new Set<() => void>()
  /** How the promise was broken. */
  broken: string | null = null
  /** Tells what happens, if somebody wants to know. */
  readonly tell: ((what: string) => void) | undefined

  constructor (lib: Lib, random: Random, weather: Weather, trace?: string[]) {
    this.lib = lib
    this.random = random
    this.weather = weather
    this.judge = new Judge(this.timeline, weather.maxStaleness, weather.ownerScopes)
    this.network = new Network(this.timeline, random, weather)
    const historian = {
      recordIs: this.judge.recordIs.bind(this.judge),
      committed: () => {
        this.judge.committed()
        this.#hint()
      }
    }
    this.server = new Server(weather.server, historian, work => { this.timeline.in(random.between(0, 2) * weather.unit, work) })
    this.digester = digesterOf(weather)
    if (trace !== undefined) this.tell = what => { trace.push(`${this.timeline.now.toFixed(1).padStart(9)}  ${what}`) }
  }

  /** Starts a process on a machine of its own, or on that of a process that has ended. */
  start (place: number): App {
    const { random, timeline, weather, apps } = this
    const before = apps[place]
    const wall = before === undefined ? 1_700_000_000_000 + random.between(0, 5000) : before.machine.wall() - timeline.now
    const machine = new Machine(timeline, wall, () => random.next())
    const name = before === undefined ? `P${place + 1}` : `${before.name}'`
    const app = new App(this, machine, name)
    apps[place] = app
    this.tell?.(`${name} starts, maxStaleness ${weather.maxStaleness}`)
    this.timeline.in(0, () => { machine.receive(() => { app.open() }) })
    return app
  }

  fail = (how: string): void => {
    this.broken ??= how
    this.tell?.(`BROKEN: ${how}`)
  }

  nameOf (link: Link): string {
    return this.apps.find(app => app.link === link)?.name ?? 'an ended process'
  }

  /** What the store has answered, in a few words. */
  show (result: unknown): string {
    if (result === undefined || result === null || typeof result !== 'object') return String(result)
    if (result instanceof Error) return result.message
    return JSON.stringify(result, (name, value) => {
      if (name === 'digest') return this.#nameOfDigest(value)
      if (name === 'digests') return (value as string[] | null)?.map(digest => this.#nameOfDigest(digest)) ?? null
      return HIDDEN.includes(name) ? undefined : value
    })
  }

  #nameOfDigest (digest: string): string {
    return this.keys.find(({ digests }) => digests.includes(digest))?.name ?? 'a new key'
  }

  #hint (): void {
    for (const watcher of this.watchers) {
      for (const delay of this.network.hints()) this.timeline.in(delay, watcher)
    }
  }
}

const HIDDEN = ['name', 'metadata', 'start', 'createdAt', 'lastUsedAt', 'pepperVersion', 'rotatedFrom', 'revokedReason', 'ownerId', 'id']

/** Digests that fall into few slots, so that keys often share one. */
function digesterOf ({ slots, digests }: Weather): Digester {
  const digest = (fingerprint: string, pepper: number) => {
    const slot = Number.parseInt(fingerprint.slice(-4), 16) % slots
    return `${pepper}${fingerprint.slice(1, 60)}${slot.toString(16).padStart(4, '0')}`
  }
  return {
    forNewKey: fingerprint => ({ digest: digest(fingerprint, 1), pepperVersion: 1 }),
    candidates: fingerprint => Array.from({ length: digests }, (_, i) => digest(fingerprint, 1 + i)),
    finds: () => true
  }
}
