import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { connect, type Socket } from 'node:net'

export interface Response {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

interface Waiting {
  /** A response to HEAD has no body, whatever its headers say. */
  readonly isHead: boolean
  resolve (response: Response): void
  reject (error: Error): void
}

/**
 * Sends requests over a connection that is kept, one after another. It understands what Fastify answers, and costs a fraction of the
 * client of Node: tables of ten thousands of requests are sent over it.
 */
export class Connection {
  readonly #port: number
  #socket: Socket | undefined
  #waiting: Waiting | undefined
  #last: Promise<unknown> = Promise.resolve()
  /** What has come of the response, a byte in each character. */
  #received = ''

  constructor (port: number) {
    this.#port = port
  }

  async request (method: string, path: string, headers: OutgoingHttpHeaders, body?: string): Promise<Response> {
    const response = this.#last.then(async () => await this.#exchange(method, requestText(method, path, headers, body)))
    this.#last = response.catch(() => {})
    return await response
  }

  end (): void {
    this.#socket?.destroy()
  }

  async #exchange (method: string, text: string): Promise<Response> {
    return await new Promise((resolve, reject) => {
      this.#waiting = { isHead: method === 'HEAD', resolve, reject }
      this.#received = ''
      if (this.#socket === undefined) this.#open()
      this.#socket!.write(text)
    })
  }

  #open (): void {
    const socket = connect(this.#port, '127.0.0.1').setNoDelay(true).setEncoding('latin1')
    socket.on('data', (text) => { this.#read(String(text)) })
    socket.on('error', (error) => { this.#lost(socket, error) })
    socket.on('close', () => { this.#lost(socket, new Error('the connection was closed before the response was complete')) })
    this.#socket = socket
  }

  #lost (socket: Socket, error: Error): void {
    if (this.#socket !== socket) return
    this.#socket = undefined
    this.#waiting?.reject(error)
  }

  #read (text: string): void {
    this.#received += text
    const end = this.#received.indexOf('\r\n\r\n')
    if (end < 0) return
    const [statusLine, ...lines] = this.#received.slice(0, end).split('\r\n') as [string, ...string[]]
    const status = Number(statusLine.slice(9, 12))
    const headers = headersOf(lines)
    const isWithoutBody = this.#waiting!.isHead || status === 204 || status === 304
    const body = isWithoutBody ? '' : bodyOf(headers, this.#received.slice(end + 4))
    if (body === undefined) return

    if (headers.connection === 'close') {
      this.#socket!.destroy()
      this.#socket = undefined
    }
    this.#waiting!.resolve({ status, headers, text: Buffer.from(body, 'latin1').toString() })
    this.#waiting = undefined
  }
}

function requestText (method: string, path: string, headers: OutgoingHttpHeaders, body?: string): string {
  const lines = [`${method} ${path} HTTP/1.1`, 'host: localhost']
  for (const [name, value] of Object.entries(headers)) for (const each of [value].flat()) lines.push(`${name}: ${each}`)
  if (body !== undefined) lines.push(`content-length: ${Buffer.byteLength(body)}`)
  else if (method === 'POST' || method === 'PUT' || method === 'PATCH') lines.push('content-length: 0')
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`
}

function headersOf (lines: readonly string[]): IncomingHttpHeaders {
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value
  }
  return headers
}

/** `undefined` while it is not complete. */
function bodyOf (headers: IncomingHttpHeaders, received: string): string | undefined {
  if (headers['transfer-encoding'] === 'chunked') return joined(received)
  const length = Number(headers['content-length'])
  return received.length < length ? undefined : received.slice(0, length)
}

function joined (chunks: string): string | undefined {
  let body = ''
  for (let at = 0; ;) {
    const start = chunks.indexOf('\r\n', at) + 2
    if (start === 1) return undefined
    const size = parseInt(chunks.slice(at, start), 16)
    at = start + size + 2
    if (chunks.length < at) return undefined
    if (size === 0) return body
    body += chunks.slice(start, start + size)
  }
}
