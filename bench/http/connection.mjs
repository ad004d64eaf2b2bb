// One keep-alive connection, with one request on its way at a time. Every answer is compared with what the variant is to
// answer, as bytes: a generator that parses HTTP is slower than the servers it is to keep busy.
import { connect } from 'node:net'

const HEAD_END = Buffer.from('\r\n\r\n')
const STATUS = 'HTTP/1.1 '.length

export class Connection {
  #socket
  #expected
  #answered
  #failed
  #part = null
  #sentAt = 0

  /**
   * @param {number} port
   * @param {{ status: number, body: RegExp }} expected
   * @param {(connection: Connection, milliseconds: number) => void} answered
   * @param {(error: Error) => void} failed
   */
  static async open (port, expected, answered, failed) {
    const connection = new Connection()
    connection.#expected = { status: Buffer.from(`${expected.status} `), pattern: expected.body, body: null, length: -1 }
    connection.#answered = answered
    connection.#failed = failed
    await new Promise((resolve, reject) => {
      // The buffer is used for every read: nothing is allocated for an answer that comes in one piece.
      const onread = { buffer: Buffer.allocUnsafe(65_536), callback: (length, buffer) => { connection.#read(length, buffer) } }
      connection.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread }, resolve)
      connection.#socket.once('error', reject)
      connection.#socket.once('close', () => failed(new Error('the server closed a connection')))
    })
    return connection
  }

  send (request, now) {
    this.#sentAt = now
    this.#socket.write(request)
  }

  close () {
    this.#failed = () => {}
    this.#socket.removeAllListeners('close')
    this.#socket.destroy()
  }

  #read (length, buffer) {
    if (this.#part !== null || length !== this.#expected.length) return this.#readUnusual(buffer.subarray(0, length))
    this.#check(buffer, length)
  }

  /** The first answer, one in several pieces, or one of another length. */
  #readUnusual (bytes) {
    const answer = this.#part === null ? Buffer.from(bytes) : Buffer.concat([this.#part, bytes])
    this.#part = answer
    const headEnd = answer.indexOf(HEAD_END)
    if (headEnd === -1) return
    const bodyLength = Number(/\r\ncontent-length: *(\d+)/i.exec(answer.latin1Slice(0, headEnd + 2))?.[1])
    if (Number.isNaN(bodyLength)) return this.#failed(wrong('has no Content-Length', answer))
    const length = headEnd + HEAD_END.length + bodyLength
    if (answer.length < length) return
    this.#part = null
    if (answer.length > length) return this.#failed(wrong('is longer than it says', answer))

    const expected = this.#expected
    expected.body ??= answer.subarray(length - bodyLength)
    expected.length = length
    if (!expected.pattern.test(expected.body.latin1Slice())) return this.#failed(wrong(`has not the body ${expected.pattern}`, answer))
    this.#check(answer, length)
  }

  #check (answer, length) {
    const { status, body } = this.#expected
    if (answer.compare(status, 0, status.length, STATUS, STATUS + status.length) !== 0) return this.#failed(wrong(`is not ${status}`, answer.subarray(0, length)))
    if (answer.compare(body, 0, body.length, length - body.length, length) !== 0) return this.#failed(wrong('has another body than the first', answer.subarray(0, length)))
    const now = performance.now()
    this.#answered(this, now - this.#sentAt, now)
  }
}

function wrong (what, answer) {
  return new Error(`an answer ${what}:\n${answer.toString('latin1', 0, 2000)}`)
}
