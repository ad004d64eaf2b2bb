// Several processes that serve one API, and what is asked of them over real connections.
import type { Test } from 'tap'
import { program } from '../stores/fixtures/processes.js'
import { Wire } from './wire.js'

export interface Member {
  readonly port: number
  readonly pid: number
  /** A connection of its own. */
  wire (): Wire
  /** Has it do something; answers what came of it, and when it was done. */
  call <Result> (command: string, argument?: string): Promise<{ readonly at: number, readonly result: Result }>
  signal (name: NodeJS.Signals): void
}

export interface Issued { readonly key: string, readonly record: { readonly id: string } }

export type Muster = (urls: readonly string[], options?: object) => Promise<Member[]>

/** What starts processes on stores, one for each url. They end with the test. */
export async function fleet (t: Test): Promise<Muster> {
  const start = await program(t, 'app-process', 'test/processes')
  return async (urls, options = {}) => await Promise.all(urls.map(async (url) => {
    const { child, next } = start(url, JSON.stringify(options))
    const first = await next()
    if (first === undefined) throw new Error(`The process on ${url} did not start`)
    const { port } = JSON.parse(first)
    // One answer a command, in their order.
    let last: Promise<unknown> = Promise.resolve()
    return {
      port,
      pid: child.pid!,
      wire () {
        const wire = new Wire(port)
        t.teardown(() => wire.end())
        return wire
      },
      async call (command, argument) {
        child.stdin!.write(`${JSON.stringify({ command, argument })}\n`)
        const answer = last.then(next)
        last = answer
        const { error, ...rest } = JSON.parse((await answer)!)
        if (error !== undefined) throw new Error(error)
        return rest
      },
      signal (name) { child.kill(name) }
    }
  }))
}
