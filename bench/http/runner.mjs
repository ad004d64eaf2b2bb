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

  /**
   * `cpu` is in microseconds a request, `rate` in requests a second, `busy` the share of the time in which the server used its
   * core, `latencies` are milliseconds.
   */
  async slice () {
    const { cpu: before } = await this.#server.ask('cpu')
    const { milliseconds, latencies } = await this.#run(this.#settings.milliseconds)
    const { cpu: after } = await this.#server.ask('cpu')
    const requests = latencies.length
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

  async #run (atMost) {
    const { unused, ...results } = await this.#ask('run', { milliseconds: atMost, requests: Infinity })
    this.mayGoOn = unused > 2 * results.latencies.length * this.#settings.milliseconds / atMost
    return results
  }

  async #ask (command, details) {
    const { result } = await this.#load.ask({ command, name: this.#name, details })
    return result
  }
}
