import type { ApiKeys } from '../../lib/keys/keyring.js'
import type { KeyVerifier } from '../../lib/keys/verifier.js'
import { Link, type Call } from './link.js'
import type { Machine } from './machine.js'
import type { World } from './world.js'

/** A key as its holder knows it. */
export interface HeldKey {
  readonly name: string
  readonly key: string
  readonly digests: readonly string[]
  /** `null` as long as nobody has made it. */
  id: string | null
  ownerId: string | null
}

/** One process that checks keys, from its start to its end: the real verifier and keyring, on a simulated machine and store. */
export class App {
  readonly name: string
  readonly machine: Machine
  readonly link: Link
  readonly keys: ApiKeys
  /** Requests that wait for a verdict. */
  waiting = 0
  /** Requests that were refused because the store could not be asked. */
  unavailable = 0
  readonly #world: World
  readonly #verifier: KeyVerifier

  constructor (world: World, machine: Machine, name: string) {
    const { lib, weather, digester } = world
    this.#world = world
    this.name = name
    this.machine = machine
    this.link = new Link(world, machine)
    const { store, managed } = this.link
    const trouble = {
      failed () {},
      forgot: (why: string) => { world.tell?.(`${name} forgets all: ${why}`) },
      corrupt (id: unknown, faults: readonly string[]) { world.fail(`${name}: ${String(id)} is corrupt: ${faults.join()}`) },
      ineffective () {}
    }
    const shared = {
      catalog: lib.catalog, digester, trouble,
      maxStaleness: weather.maxStaleness, ownerScopes: weather.ownerScopes ? this.link.ownerScopes : undefined
    }
    this.#verifier = new lib.KeyVerifier({ ...shared, store, prefixes: ['k'] })
    this.keys = lib.keyring({
      ...shared,
      store: managed,
      prefix: 'k', verifier: this.#verifier, grantable: undefined, usage: lib.NOT_NOTED, missingRequired: 'reject', mutableScopes: true, maxKeyLifetime: null,
      auditor: new lib.Auditor({ sink: undefined, required: false, decisions: 'denied' }, { said () {}, lost () {} })
    })
  }

  open (): void {
    this.#verifier.lease.open()
  }

  async close (): Promise<void> {
    await this.#verifier.lease.close()
  }

  /** Answers a request with this key, as the guard does: at once if that can be, else when the verdict is there. */
  serve (held: HeldKey): void {
    const asked = this.#world.timeline.now
    const own = Math.max(...held.digests.map(digest => this.link.knowledge.own.get(digest) ?? -Infinity))
    const known = this.#verifier.peek(held.key)
    if (known !== undefined) return this.#hand(held, known, asked, own)
    this.waiting++
    this.#verifier.verify(held.key).then(
      verdict => { this.#hand(held, verdict, asked, own) },
      (error: unknown) => {
        this.unavailable++
        this.#world.tell?.(`${this.name} cannot tell of ${held.name}`)
        if (codeOf(error) !== 'FST_API_KEY_STORE_UNAVAILABLE') this.#world.fail(`${this.name} failed: ${String(error)}`)
      }
    ).finally(() => { this.waiting-- })
  }

  /** Makes a management call. Once it is acknowledged, what it says is true for this process. */
  async manage (name: string, call: () => Promise<unknown>): Promise<void> {
    const concerned: Call = new Map()
    this.link.call = concerned
    this.#world.tell?.(`${this.name} calls ${name}`)
    try {
      // Not null: it was there.
      const isDone = await call() !== null
      if (isDone) for (const [digest, since] of concerned) this.link.knowledge.own.set(digest, since)
      this.#world.tell?.(`${this.name} has done ${name}`)
    } catch (error) {
      this.#world.tell?.(`${this.name} could not ${name}: ${String(error)}`)
      if (!codeOf(error)?.startsWith('FST_API_KEY_')) this.#world.fail(`${this.name} failed to ${name}: ${String(error)}`)
    } finally {
      this.link.call = null
    }
  }

  #hand (held: HeldKey, verdict: ReturnType<KeyVerifier['peek']> & object, asked: number, own: number): void {
    const { judge, tell, fail } = this.#world
    tell?.(`${this.name} ${verdict.refusal === null ? `accepts ${held.name} for ${verdict.key.record.scopes.join('+') || 'nothing'}` : `refuses ${held.name} as ${verdict.refusal}`}`)
    const fault = judge.faultIn({
      verdict, digests: held.digests, ownerId: held.ownerId, asked, own, wall: this.machine.wall(), knowledge: this.link.knowledge
    })
    if (fault !== null) fail(`${this.name} ${verdict.refusal === null ? 'accepted' : 'refused'} ${held.name}: ${fault}`)
  }
}

function codeOf (error: unknown): string | undefined {
  return (error as { code?: string } | null)?.code
}
