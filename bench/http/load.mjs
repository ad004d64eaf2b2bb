// The process that makes the requests: 32 keep-alive connections to each server, used for one server at a time.
import { Connection } from './connection.mjs'

const CONNECTIONS = 32

class Target {
  #connections
  #requests
  #once
  #at = 0
  #slice = null
  #failure = null

  static async connect ({ port, credentials, answer, once }) {
    const target = new Target()
    target.#requests = credentials.map(requestWith)
    target.#once = once
    const answered = (connection, milliseconds, now) => { target.#answered(connection, milliseconds, now) }
    const failed = (error) => {
      target.#failure ??= error
      target.#slice?.reject(error)
    }
    target.#connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => Connection.open(port, answer, answered, failed)))
    return target
  }

  /** Requests until so many were made or so many milliseconds are over, whatever is first; resolves when the last is answered. */
  async run ({ milliseconds, requests, inOrder }) {
    // One that was closed between two slices.
    if (this.#failure !== null) throw this.#failure
    const started = performance.now()
    const latencies = await new Promise((resolve, reject) => {
      const next = inOrder || this.#once ? () => this.#inOrder() : () => this.#atRandom()
      this.#slice = { next, deadline: started + milliseconds, left: requests, underWay: 0, latencies: [], resolve, reject }
      for (const connection of this.#connections) this.#send(connection, started)
    })
    this.#slice = null
    return { milliseconds: performance.now() - started, latencies: Float32Array.from(latencies), unused: this.#once ? this.#requests.length - this.#at : Infinity }
  }

  close () {
    for (const connection of this.#connections) connection.close()
  }

  #answered (connection, milliseconds, now) {
    const slice = this.#slice
    slice.latencies.push(milliseconds)
    slice.underWay--
    this.#send(connection, now)
  }

  #send (connection, now) {
    const slice = this.#slice
    const request = now < slice.deadline && slice.left > 0 ? slice.next() : undefined
    if (request !== undefined) {
      slice.left--
      slice.underWay++
      connection.send(request, now)
    } else if (slice.underWay === 0) {
      slice.resolve(slice.latencies)
    }
  }

  #inOrder () {
    if (this.#at === this.#requests.length && !this.#once) this.#at = 0
    return this.#requests[this.#at++]
  }

  #atRandom () {
    return this.#requests[Math.floor(Math.random() * this.#requests.length)]
  }
}

function requestWith (credential) {
  const header = credential === '' ? '' : `Authorization: ${credential}\r\n`
  return Buffer.from(`GET /hello HTTP/1.1\r\nHost: localhost\r\n${header}\r\n`, 'latin1')
}

const targets = new Map()

const commands = {
  async connect (name, target) { targets.set(name, await Target.connect(target)) },
  async run (name, slice) { return await targets.get(name).run(slice) },
  async close (name) {
    targets.get(name).close()
    targets.delete(name)
  }
}

process.on('message', async ({ command, name, details }) => {
  try {
    process.send({ result: await commands[command](name, details) })
  } catch (error) {
    process.send({ error: `${name}: ${error.message}` })
  }
})
process.on('disconnect', () => process.exit())
