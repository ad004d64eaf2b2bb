import type { Timeline } from './timeline.js'

/** A timer as it runs on a machine. */
export class Timer {
  /** By the monotonic clock of the machine. */
  readonly due: number
  readonly work: () => void
  isCancelled = false

  constructor (due: number, work: () => void) {
    this.due = due
    this.work = work
  }

  unref (): this {
    return this
  }
}

/**
 * A machine and the one process that runs on it, as far as Node shows them: two clocks, timers, messages from elsewhere, and
 * an event loop, which stands still when the process is stopped or kept busy, and when the machine sleeps.
 */
export class Machine {
  readonly #timeline: Timeline
  readonly #jitter: () => number
  /** What the monotonic clock says more than the timeline, and the wall clock likewise. */
  #monotonic: number
  #wall: number
  #stopped: { readonly timers: Timer[], readonly messages: Array<() => void> } | null = null
  #isOn = true

  /** @param jitter Milliseconds by which a timer or a message is late. */
  constructor (timeline: Timeline, wall: number, jitter: () => number) {
    this.#timeline = timeline
    this.#monotonic = Math.floor(wall) % 1_000_000
    this.#wall = wall
    this.#jitter = jitter
  }

  monotonic (): number {
    return this.#timeline.now + this.#monotonic
  }

  wall (): number {
    return Math.floor(this.#timeline.now + this.#wall)
  }

  setWall (by: number): void {
    this.#wall += by
  }

  /** Ends the process, in whatever it is doing. */
  kill (): void {
    this.#isOn = false
  }

  /** Runs nothing for so long. Asleep, its monotonic clock stands still, too. */
  stop (milliseconds: number, isAsleep: boolean): void {
    if (this.#stopped !== null) return
    this.#stopped = { timers: [], messages: [] }
    this.#timeline.in(milliseconds, () => {
      if (isAsleep) this.#monotonic -= milliseconds
      this.#goOn()
    })
  }

  setTimeout (work: () => void, milliseconds: number): Timer {
    const timer = new Timer(this.monotonic() + Math.max(1, Math.trunc(milliseconds)), work)
    this.#wait(timer)
    return timer
  }

  /** After everything that is there already. */
  setImmediate (work: () => void): Timer {
    const timer = new Timer(this.monotonic(), work)
    this.#timeline.in(0, () => { this.#fire(timer) })
    return timer
  }

  /** Lets the process hear of something, now or as soon as it listens. */
  receive (message: () => void): void {
    if (this.#stopped !== null) this.#stopped.messages.push(message)
    else this.#run(message)
  }

  #wait (timer: Timer): void {
    this.#timeline.in(timer.due - this.monotonic() + this.#jitter(), () => { this.#fire(timer) })
  }

  #fire (timer: Timer): void {
    if (timer.isCancelled) return
    if (this.#stopped !== null) this.#stopped.timers.push(timer)
    else if (timer.due > this.monotonic()) this.#wait(timer)
    else this.#run(timer.work)
  }

  /** Timers come first, then what has arrived; some of that may take another turn. */
  #goOn (): void {
    const { timers, messages } = this.#stopped!
    this.#stopped = null
    timers.sort((a, b) => a.due - b.due)
    for (const timer of timers) this.#timeline.in(0, () => { this.#fire(timer) })
    for (const message of messages) this.#timeline.in(this.#jitter() > 0.5 ? 1 : 0, () => { this.receive(message) })
  }

  #run (work: () => void): void {
    if (!this.#isOn) return
    running = this
    this.#timeline.isPromising = true
    work()
  }
}

let running: Machine | null = null

/** Where the code runs that runs now. */
export function machine (): Machine {
  if (running === null) throw new Error('something asks for the time, or a timer, outside of the simulation')
  return running
}

/** For what the simulation itself does. */
export function leaveMachine (): void {
  running = null
}
