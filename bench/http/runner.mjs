// The server of one variant in a process of its own, and the connections of the load generator to it.
import { Child, CORES } from './child.mjs'

let count = 0

/** Gets all of them ready at the same time, on all cores, since making their keys takes longest. The last is bare Fastify. */
export async function getReady (runners) {
  await Promise.all(runners.map(async runner => await runner.listening()))
  for (const runner of runners) {
    // Bare Fastify is sent the same bytes, so that a ratio is the price of the check and not that of a longer header.
    await runner.connect(runner === runners.at(-1) ? runners[0].credentials : undefined)
    await runner.warmUp()
  }
}

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
  #answer

  constructor (variant, settings, load) {
    const { name, file, start, answer, once = false, store, location, checkout = settings.checkout } = variant
    this.credentials = variant.credentials
    this.#settings = settings
    this.#load = load
    this.#answer = answer
    this.#once = once
    this.#name = `${name} (${++count})`
    this.#server = new Child('server.mjs', { file, start, settings: { keys: settings.keys, store, location, checkout } })
  }

  /** Resolves when it listens, on its core alone from then on. */
  async listening () {
    const { port, credentials } = await this.#server.hear()
    this.#server.pin(CORES.server)
    this.port = port
    this.credentials ??= credentials
  }

  /** @param credentials what is sent instead of what the variant says */
  async connect (credentials) {
    this.credentials = credentials ?? this.credentials
    await this.#ask('connect', { port: this.port, credentials: this.credentials, answer: this.#answer, once: this.#once })
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
