import { setTimeout as wait } from 'node:timers/promises'
import type { Answer, Wire } from './wire.js'

export interface Hammer {
  readonly answers: readonly Answer[]
  /** Resolves when an answer is as wanted, and rejects once there will be none. */
  until (wanted: (answer: Answer) => boolean): Promise<Answer>
  stop (): Promise<void>
}

/** Asks again as soon as it is answered, or after a pause in milliseconds, until it is stopped. */
export function hammer (wire: Wire, keyOf: () => string | undefined, { path = '/devices', pause = 0 } = {}): Hammer {
  const answers: Answer[] = []
  const waiting = new Set<(answer: Answer | null) => void>()
  let going = true
  const done = (async () => {
    while (going) {
      const answer = await wire.get(path, keyOf())
      answers.push(answer)
      for (const look of waiting) look(answer)
      if (answer.status === 0) going = false
      if (pause > 0 && going) await wait(pause)
    }
    for (const look of waiting) look(null)
  })()
  return {
    answers,
    until: async (wanted) => await new Promise((resolve, reject) => {
      waiting.add(look)
      if (!going) look(null)
      function look (answer: Answer | null): void {
        if (answer !== null && !wanted(answer)) return
        waiting.delete(look)
        if (answer !== null) resolve(answer)
        else reject(new Error('there are no more answers'))
      }
    }),
    async stop () {
      going = false
      await done
    }
  }
}

/** When a request that was accepted was in its handler, which is right after it was accepted. */
export function acceptedAt ({ status, body }: Answer): number {
  return status === 200 ? (JSON.parse(body) as { at: number }).at : -Infinity
}

/** Every status that there was, once. */
export function statusesOf (answers: readonly Answer[]): number[] {
  return [...new Set(answers.map(({ status }) => status))].sort()
}
