import type { KeyStore, Position } from '../../lib/keys/store.js'
import type { Knowledge } from './judge.js'
import { leaveMachine, type Machine } from './machine.js'
import type { World } from './world.js'

/** A management call that is being made: what the store was asked for it, of which records, and when it did that. */
export type Call = Map<string, number>

const CHANGES: ReadonlyArray<keyof KeyStore> = ['insert', 'update', 'rotate', 'revoke', 'revokeOwner', 'purge']

/**
 * The store as one process sees it: each call is a message that arrives sooner or later, or never; is carried out at that
 * moment; and is answered by a message that arrives sooner or later, or never.
 */
export class Link {
  /** Until when no message comes through. */
  downUntil = 0
  /** How often the process has looked up a key. */
  reads = 0
  /** How often it has asked what has changed. */
  polls = 0
  call: Call | null = null
  readonly knowledge: Knowledge = { heard: -Infinity, own: new Map(), misled: [] }
  /** For the verifier, and for the calls of `app.apiKeys`. */
  readonly store: KeyStore
  readonly managed: KeyStore
  /** Of when that is which a process takes for true that was told a position: the time when it was told, unless it is misled. */
  readonly #told = new WeakMap<Position, number>()
  readonly #world: World
  readonly #machine: Machine

  constructor (world: World, machine: Machine) {
    const { server, weather } = world
    this.#world = world
    this.#machine = machine
    const told = { changes: async (since: Position | null) => await this.#changes(since) }
    const watched = { watch: (hint: () => void) => this.#watch(hint) }
    this.store = {
      findByDigest: async digest => {
        this.reads++
        return await this.#ask('findByDigest', () => server.findByDigest(digest))
      },
      ...weather.tells && told,
      ...weather.tells && weather.hints && watched
    }
    this.managed = {
      findByDigest: async digest => await this.#manage('findByDigest', () => server.findByDigest(digest), digestOf),
      // Whoever is told that a key is revoked must find it so.
      get: async id => await this.#manage('get', () => server.get(id), record => record?.revokedAt == null ? [] : digestOf(record)),
      insert: async key => await this.#manage('insert', () => { server.insert(key) }, () => [key.digest]),
      update: async (id, changes, seen) => await this.#manage('update', () => server.update(id, changes, seen), digestOf),
      rotate: async (id, successor, endsAt) => await this.#manage('rotate', () => server.rotate(id, successor, endsAt), record => record === null ? [] : [record.digest, successor.digest]),
      revoke: async (id, at, reason) => await this.#manage('revoke', () => server.revoke(id, at, reason), digestOf),
      revokeOwner: async (ownerId, at, reason) => await this.#manage('revokeOwner', () => server.revokeOwner(ownerId, at, reason), records => records.flatMap(digestOf)),
      purge: async () => await this.#manage('purge', () => server.purge(), () => [])
    }
  }

  ownerScopes = async (ownerId: string): Promise<readonly string[] | null> => {
    return await this.#ask('ownerScopes', () => this.#world.judge.scopesOf(ownerId))
  }

  async #changes (since: Position | null) {
    this.polls++
    return await this.#ask('changes', () => {
      const { server, timeline } = this.#world
      const misled = since !== null && server.misleads(since) ? this.#told.get(since)! : null
      if (misled !== null) this.knowledge.misled.push({ from: misled, until: Infinity })
      const changes = server.changes(since)
      this.#told.set(changes.position, misled ?? timeline.now)
      return changes
    })
  }

  #watch (hint: () => void): () => void {
    const deliver = () => { this.#machine.receive(hint) }
    this.#world.watchers.add(deliver)
    return () => { this.#world.watchers.delete(deliver) }
  }

  /** @param digestsOf of the records of which the answer says how they are now. */
  async #manage<T> (method: keyof KeyStore, request: () => T, digestsOf: (answer: T) => readonly string[]): Promise<T> {
    const { call } = this
    return await this.#ask(method, request, (answer, at) => { for (const digest of digestsOf(answer)) call!.set(digest, at) })
  }

  /** @param heard is told when the store has done it, once the answer arrives. */
  #ask<T> (method: keyof KeyStore | 'ownerScopes', request: () => T, heard?: (answer: T, at: number) => void): Promise<T> {
    const { timeline, network, server, tell } = this.#world
    const name = `${this.#world.nameOf(this)} ${method}`
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        tell?.(`${name}: ${why}`)
        this.#machine.receive(() => { reject(new Error(why)) })
      }
      const route = network.route(this.downUntil)
      if ('fails' in route) {
        if (route.fails !== null) timeline.in(route.fails, () => { fail('connection lost') })
        return
      }
      timeline.in(route.there, () => {
        leaveMachine()
        if (network.isDown) {
          if (network.refuses) timeline.in(route.back ?? 0, () => { fail('connection refused') })
          return
        }
        server.execute(request, CHANGES.includes(method as keyof KeyStore), (result, error) => {
          const at = timeline.now
          tell?.(`${name} done ${this.#world.show(error ?? result)}${route.back === null ? ', answer lost' : `, answer in ${Math.round(route.back)}`}`)
          if (route.back === null) return
          timeline.in(route.back, () => {
            this.#machine.receive(() => {
              if (method === 'findByDigest' || method === 'changes') this.knowledge.heard = Math.max(this.knowledge.heard, at)
              if (error !== undefined) return reject(error)
              heard?.(result as T, at)
              resolve(result as T)
            })
          })
        })
      })
    })
  }
}

function digestOf (record: { readonly digest: string } | null): readonly string[] {
  return record === null ? [] : [record.digest]
}
