// The server of one variant in a process of its own, and the connections of the load generator to it.
import { Child, CORES } from './child.mjs'

let count = 0

export class Runner {
  /** What is sent to it in the header Authorization. */
  credentials
  port
  /** Whether there are headers left for another slice. */
  mayGoOn = true
  #server
  #load
  #settings
  #name
  #once

  /** @param credentials what is sent instead of what the variant says */
  static async start (variant, settings, load, credentials) {
    const runner = new Runner()
    const { name, file, start, answer, once = false, store, location } = variant
    runner.#settings = settings
    runner.#load = load
    runner.#once = once
    runner.#name = `${name} (${++count})`
    const { keys, checkout } = settings
    runner.#server = new Child('server.mjs', { file, start, settings: { keys, store, location, checkout: variant.checkout ?? checkout } }, CORES.server)
    const said = await runner.#server.hear()
    runner.port = said.port
    runner.credentials = credentials ?? variant.credentials ?? said.credentials
    await runner.#ask('connect', { port: said.port, credentials: runner.credentials, answer, once })
    return runner
  }

  /** With every header, so that what remembers keys knows them all, and then as later, until V8 has settled. */
  async warmUp () {
    if (!this.#once) await this.#ask('run', { milliseconds: Infinity, requests: this.credentials.length, inOrder: true })
    await this.#run(this.#settings.warmUpMilliseconds)
  }

  /** What is known of one slice, with the milliseconds that each request took. */
  async slice () {
    return await this.measured(async () => await this.#run(this.#settings.milliseconds))
  }

  /**
   * What the server used for the requests that somebody makes: `cpu` is in microseconds a request, `rate` in requests a second,
   * `busy` the share of the time in which the server used its core.
   */
  async measured (makeRequests) {
    const { cpu: before } = await this.#server.ask('cpu')
    const { requests, milliseconds, ...more } = await makeRequests()
    const { cpu: after } = await this.#server.ask('cpu')
    return { cpu: (after - before) / requests, rate: requests / milliseconds * 1000, busy: (after - before) / 1000 / milliseconds, ...more }
  }

  async end () {
    await this.#server.end()
  }

  async #run (atMost) {
    const { unused, ...results } = await this.#ask('run', { milliseconds: atMost, requests: Infinity })
    const requests = results.latencies.length
    this.mayGoOn = unused > 2 * requests * this.#settings.milliseconds / atMost
    return { requests, ...results }
  }

  async #ask (command, details) {
    const { result } = await this.#load.ask({ command, name: this.#name, details })
    return result
  }
}
