// The stores that outlive a process: started when they are first needed, and filled once for each checkout.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createJiti } from 'jiti'
import { Child, CORES } from './child.mjs'

/** More than one process can ask for while it is measured. */
const KEYS = 60_000

export class Stores {
  #ends = []
  #filled = new Map()

  /** Where such a store is, and the headers with its keys; `null` where it cannot be had, and then that was said. */
  async filled (kind, checkout) {
    const name = `${kind} ${checkout}`
    if (!this.#filled.has(name)) this.#filled.set(name, await this.#fill(kind, checkout))
    return this.#filled.get(name)
  }

  async end () {
    for (const end of this.#ends.splice(0).reverse()) await end()
  }

  async #fill (kind, checkout) {
    const location = await this.#locations[kind]()
    if (location === null) return null
    // No process that is measured has seen the keys.
    const child = new Child('fill.mjs', { kind, checkout, location, keys: KEYS }, CORES.server)
    const { keys } = await child.hear()
    await child.end()
    return { location, credentials: keys.map(key => `Bearer ${key}`) }
  }

  #locations = {
    sqlite: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'fastify-api-key-scopes-http-'))
      // Also when the run is ended from the keyboard.
      process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
      return join(folder, 'keys.db')
    },
    postgres: async () => {
      const server = await this.#started('postgres', ({ startPostgres }, owner) => startPostgres(owner))
      return server && await server.database()
    },
    redis: async () => (await this.#started('redis', ({ startRedis }, owner) => startRedis(owner)))?.url ?? null
  }

  /** As the tests start them; they end with their owner. */
  async #started (name, start) {
    const servers = await createJiti(import.meta.url).import(`../../test/servers/${name}.ts`)
    return await start(servers, {
      teardown: (end) => { this.#ends.push(end) },
      comment: (text) => { console.log(text) }
    })
  }
}
