// A TCP proxy that does to connections what networks and dying servers do to them.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'
import { freePort } from './free-port.js'

export type ProxyMode =
  | 'pass'
  /** Nobody listens; the connections there are end. */
  | 'refuse'
  /** Every connection is reset (RST). */
  | 'reset'
  /** Connections are accepted and stay, but nothing goes either way. What was held up goes on with the next mode. */
  | 'hang'
  /** The server is gone, and the client is not told: what it says comes to nothing, for good. New connections fare alike. */
  | 'halfOpen'
  /** What the client says arrives; the answers are lost, for good. */
  | 'mute'
  /** Some bytes of every answer are others. */
  | 'corrupt'
  /** Answers come this many milliseconds later. */
  | { readonly delay: number }

export interface Proxy {
  readonly port: number
  /** The same url, but through this proxy. */
  through (url: string): string
  /** May be set at any time; holds for connections that there are and for new ones. */
  mode: ProxyMode
  /** The mode holds only for connections on which the client has said this in the beginning; others pass. Not with `refuse`. */
  only: RegExp | null
  /** How many connections there are for which the mode holds. */
  readonly affected: number
}

/** A proxy on a free loopback port, which ends with the test. */
export async function startProxy (t: Test, target: () => { readonly port: number }): Promise<Proxy> {
  const port = await freePort()
  const links = new Set<Link>()
  let mode: ProxyMode = 'pass'
  let only: RegExp | null = null

  const server = createServer({ pauseOnConnect: true }, (client) => {
    const link = new Link(client, () => connect(target().port, '127.0.0.1'), () => only)
    links.add(link)
    client.once('close', () => links.delete(link))
    link.follow(mode)
  })
  server.on('error', (error) => { throw error })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const link of links) link.end()
  })

  return {
    port,
    through (url) {
      const moved = new URL(url)
      moved.host = `127.0.0.1:${port}`
      return moved.href
    },
    get mode () { return mode },
    set mode (next) {
      if (next === 'refuse' && mode !== 'refuse') server.close()
      if (next !== 'refuse' && mode === 'refuse') server.listen(port, '127.0.0.1')
      mode = next
      for (const link of links) link.follow(mode)
    },
    get only () { return only },
    set only (next) {
      only = next
      for (const link of links) link.follow(mode)
    },
    get affected () { return [...links].filter((link) => link.isMeant()).length }
  }
}

/** One connection of a client, and the one to the server that it is joined to. */
class Link {
  readonly #client: Socket
  readonly #open: () => Socket
  readonly #only: () => RegExp | null
  #server: Socket | undefined
  /** What is done to it now, and what would be if it were among those that `only` means. */
  #mode: ProxyMode = 'pass'
  #asked: ProxyMode = 'pass'
  #said = ''
  #held: Buffer[] = []
  /** Answers that were delayed, and when they go on. */
  #late: Array<{ readonly due: number, readonly data: Buffer }> = []

  constructor (client: Socket, open: () => Socket, only: () => RegExp | null) {
    this.#client = client.setNoDelay(true)
    this.#open = open
    this.#only = only
    client.on('error', () => {})
    client.on('data', (data) => {
      if (this.#said.length < BEGINNING) this.#said += data.toString('latin1')
      this.#held.push(data)
      this.follow(this.#asked)
    })
    client.on('close', () => this.#server?.destroy())
  }

  follow (mode: ProxyMode): void {
    this.#asked = mode
    if (!this.#isLost()) this.#mode = this.isMeant() ? mode : 'pass'
    switch (this.#mode) {
      case 'refuse': return this.end()
      case 'reset':
        this.#client.resetAndDestroy()
        return
      case 'hang':
        this.#client.pause()
        this.#server?.pause()
        return
      case 'halfOpen':
        this.#server?.destroy()
        this.#held = []
        this.#client.resume()
        return
      default: this.#forward()
    }
  }

  isMeant (): boolean {
    const only = this.#only()
    return only === null || only.test(this.#said)
  }

  end (): void {
    this.#client.destroy()
  }

  /** Bytes that are missing in the middle do not come back. */
  #isLost (): boolean {
    return this.#mode === 'halfOpen' || this.#mode === 'mute'
  }

  #forward (): void {
    this.#server ??= this.#connected()
    if (this.#server.destroyed) return this.end()
    for (const data of this.#held.splice(0)) this.#server.write(data)
    this.#server.resume()
    this.#client.resume()
  }

  #connected (): Socket {
    const server = this.#open().setNoDelay(true)
    server.on('error', () => {})
    server.on('data', (data) => this.#answer(data))
    server.on('close', () => {
      // Not before what it has answered.
      if (!this.#isLost() && this.#mode !== 'hang' && this.#late.length === 0) this.end()
    })
    return server
  }

  #answer (data: Buffer): void {
    const mode = this.#mode
    if (mode === 'mute') return
    if (mode === 'corrupt') spoil(data)
    const delay = typeof mode === 'object' ? mode.delay : 0
    if (delay === 0 && this.#late.length === 0) {
      this.#client.write(data)
      return
    }
    // Never before what came earlier.
    this.#late.push({ due: Math.max(performance.now() + delay, this.#late.at(-1)?.due ?? 0), data })
    if (this.#late.length === 1) this.#goOn()
  }

  #goOn (): void {
    while (this.#late.length > 0 && this.#late[0]!.due <= performance.now()) this.#client.write(this.#late.shift()!.data)
    if (this.#late.length > 0) setTimeout(() => this.#goOn(), Math.ceil(this.#late[0]!.due - performance.now()))
    else if (this.#server!.destroyed && !this.#isLost()) this.end()
  }
}

/** How much of what a client says is remembered, in characters. */
const BEGINNING = 8192

/** One byte in eight is no longer ASCII: a broken answer, and never another one that looks right. */
function spoil (data: Buffer): void {
  for (let i = 0; i < data.length; i += 8) {
    const place = Math.min(data.length - 1, i + Math.floor(Math.random() * 8))
    data[place]! ^= 0x80
  }
}
