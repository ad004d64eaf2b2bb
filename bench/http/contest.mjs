// One round: a fresh process of bare Fastify and one of each contestant, all alive at the same time, served requests in short
// slices one after the other. What is noise for one, such as somebody else's use of the machine, is noise for all.
import { Child, CORES } from './child.mjs'
import { BARE } from './variants/index.mjs'

/**
 * The slices of each contestant, each with the one of bare Fastify that was its neighbour: `{ cpu, rate, busy, latencies, bare }`.
 * `cpu` is in microseconds a request, `rate` in requests a second, `busy` the share of the time in which the server used its
 * core, `latencies` are milliseconds.
 */
export async function contest (contestants, settings) {
  const load = new Child('load.mjs', null, CORES.load)
  const runners = []
  try {
    for (const variant of contestants) runners.push(await Runner.start(variant, settings, load))
    // It is sent the same bytes, so that a ratio is the price of the check and not that of a longer header.
    const bare = await Runner.start(BARE, settings, load, runners[0].credentials)
    runners.push(bare)
    for (const runner of runners) await runner.warmUp()

    const slices = contestants.map(() => [])
    for (let i = 0; i < settings.slices && runners.every(runner => runner.mayGoOn); i++) {
      const results = new Map()
      for (const runner of i % 2 === 0 ? runners : runners.toReversed()) results.set(runner, await runner.slice())
      for (const [at, list] of slices.entries()) list.push({ ...results.get(runners[at]), bare: results.get(bare) })
    }
    return slices
  } finally {
    await Promise.all([load, ...runners].map(each => each.end()))
  }
}

let count = 0

/** The server of one variant, and the connections of the load generator to it. */
class Runner {
  credentials
  mayGoOn = true
  #server
  #load
  #settings
  #name
  #once

  static async start (variant, settings, load, credentials) {
    const runner = new Runner()
    const { file, start, name, answer, once } = variant
    runner.#settings = settings
    runner.#load = load
    runner.#once = once
    runner.#name = `${name} (${++count})`
    runner.#server = new Child('server.mjs', { file, start, settings: { ...settings, ...variant.settings } }, CORES.server)
    const { port, credentials: own } = await runner.#server.hear()
    runner.credentials = credentials ?? own
    await runner.#ask('connect', { port, credentials: runner.credentials, answer, once })
    return runner
  }

  /** With every key once, so that what remembers keys knows them all, and then as later, until V8 has settled. */
  async warmUp () {
    if (!this.#once) await this.#ask('run', { milliseconds: Infinity, requests: this.credentials.length, inOrder: true })
    await this.#ask('run', { milliseconds: this.#settings.warmUpMilliseconds, requests: Infinity })
  }

  async slice () {
    const { cpu: before } = await this.#server.ask('cpu')
    const { milliseconds, latencies, unused } = await this.#ask('run', { milliseconds: this.#settings.milliseconds, requests: Infinity })
    const { cpu: after } = await this.#server.ask('cpu')
    const requests = latencies.length
    this.mayGoOn = unused > 2 * requests
    return {
      cpu: (after - before) / requests,
      rate: requests / milliseconds * 1000,
      busy: (after - before) / 1000 / milliseconds,
      latencies
    }
  }

  async end () {
    await this.#server.end()
  }

  async #ask (command, details) {
    const { result } = await this.#load.ask({ command, name: this.#name, details })
    return result
  }
}
