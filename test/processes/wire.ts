import { connect, type Socket } from 'node:net'
import { clock } from './clock.js'

export interface Answer {
  /** 0: the connection ended. */
  readonly status: number
  readonly head: string
  readonly body: string
  /** When the request was written, and when its answer was read. */
  readonly sent: number
  readonly received: number
}

/** A connection that costs little, so that whoever drives many processes does not slow them down. */
export class Wire {
  readonly #socket: Socket
  readonly #waiting: Array<{ sent: number, resolve: (answer: Answer) => void }> = []
  #text = ''

  constructor (port: number) {
    this.#socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1')
    this.#socket.on('data', (text) => { this.#read(String(text)) })
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => { while (this.#waiting.length > 0) this.#answer(0, '', '') })
  }

  /** Writes the request at once, also before earlier ones are answered. */
  async get (path: string, key?: string): Promise<Answer> {
    const credentials = key === undefined ? '' : `Authorization: Bearer ${key}\r\n`
    return await new Promise((resolve) => {
      this.#waiting.push({ sent: clock(), resolve })
      this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${credentials}\r\n`, 'latin1')
      if (this.#socket.destroyed) this.#answer(0, '', '')
    })
  }

  end (): void {
    this.#socket.destroy()
  }

  #read (text: string): void {
    this.#text += text
    for (;;) {
      const end = this.#text.indexOf('\r\n\r\n')
      if (end < 0) return
      const head = this.#text.slice(0, end)
      const length = Number(/^content-length: (\d+)/im.exec(head)![1])
      if (this.#text.length < end + 4 + length) return
      const body = this.#text.slice(end + 4, end + 4 + length)
      this.#text = this.#text.slice(end + 4 + length)
      this.#answer(Number(head.slice(9, 12)), head, body)
    }
  }

  #answer (status: number, head: string, body: string): void {
    const { sent, resolve } = this.#waiting.shift()!
    resolve({ status, head, body, sent, received: clock() })
  }
}
