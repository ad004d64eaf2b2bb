import type { Keyring } from '../../lib/keys/keyring.js'
import type { KeyVerifier, Verdict } from '../../lib/keys/verifier.js'
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
  readonly keys: Keyring
  /** When each request came that waits for a verdict. */
  readonly waiting = new Map<object, number>()
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
    const ownerScopes = weather.ownerScopes ? this.link.ownerScopes : undefined
    const shared = { catalog: lib.catalog, digester, trouble, ownerScopes, maxStaleness: weather.maxStaleness }
    const verifier = new lib.KeyVerifier({ ...shared, store, prefixes: ['k'] })
    const auditor = new lib.Auditor({ sink: undefined, required: false, decisions: 'denied' }, { said () {}, lost () {} })
    const rules = { grantable: undefined, missingRequired: 'reject', mutableScopes: true, maxKeyLifetime: null } as const
    this.#verifier = verifier
    this.keys = lib.keyring({ ...shared, ...rules, store: managed, prefix: 'k', verifier, auditor, usage: lib.NOT_NOTED })
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
    const known = this.#verifier.known(held.key)
    if (known !== undefined) return this.#hand(held, known.type === 'apiKey' ? { key: known, refusal: null } : { key: known.key, refusal: known.reason }, asked, own)
    const request = {}
    this.waiting.set(request, asked)
    this.#verifier.verify(held.key).then(
      verdict => { this.#hand(held, verdict, asked, own) },
      (error: unknown) => {
        this.unavailable++
        this.#world.tell?.(`${this.name} cannot tell of ${held.name}`)
        if (codeOf(error) !== 'FST_API_KEY_STORE_UNAVAILABLE') this.#world.fail(`${this.name} failed: ${String(error)}`)
      }
    ).finally(() => { this.waiting.delete(request) })
  }

  /** Makes a management call. Once it is acknowledged, what it says is true for this process, and somebody tries it. */
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
    this.serveAll()
  }

  serveAll (): void {
    for (const held of this.#world.keys) this.serve(held)
  }

  #hand (held: HeldKey, verdict: Verdict, asked: number, own: number): void {
    const { judge, tell, fail } = this.#world
    tell?.(`${this.name} ${verdict.refusal === null ? `accepts ${held.name} for ${verdict.key.record.scopes.join('+') || 'nothing'}` : `refuses ${held.name} as ${verdict.refusal}`}`)
    const { digests, ownerId } = held
    const fault = judge.faultIn({ verdict, digests, ownerId, asked, own, wall: this.machine.wall(), knowledge: this.link.knowledge })
    if (fault !== null) fail(`${this.name} ${verdict.refusal === null ? 'accepted' : 'refused'} ${held.name}: ${fault}`)
  }
}

function codeOf (error: unknown): string | undefined {
  return (error as { code?: string } | null)?.code
}
