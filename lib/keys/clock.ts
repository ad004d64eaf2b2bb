import { performance } from 'node:perf_hooks'

/**
 * Two clocks, in milliseconds, since neither can be trusted alone: a laptop or a virtual machine that sleeps stops the one,
 * and an operator or NTP sets the other.
 */
export interface Clock {
  /** Never jumps. */
  monotonic (): number
  /** Since 1970. */
  wall (): number
}

/** The same moment on both. */
export interface Moment {
  readonly monotonic: number
  readonly wall: number
}

export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now()
}

export function now (clock: Clock): Moment {
  return { monotonic: clock.monotonic(), wall: clock.wall() }
}

/** The same, but always in the same object, which is good until the next glance: for what is asked at every request. */
export function glanceAt (clock: Clock): Moment {
  glance.monotonic = clock.monotonic()
  glance.wall = clock.wall()
  return glance
}

const glance = { monotonic: 0, wall: 0 }

/** Milliseconds from one moment to another, by whichever clock says more. One that was set back does not hide that the other stood still. */
export function elapsed (from: Moment, to: Moment): number {
  return Math.max(to.monotonic - from.monotonic, Math.abs(to.wall - from.wall))
}

/** Whether less than so many milliseconds have passed by both clocks since they showed this. Asked at every request, so it is given no `Moment` that would be made for it. */
export function isWithin (milliseconds: number, monotonic: number, wall: number, now: Moment): boolean {
  return now.monotonic - monotonic < milliseconds && Math.abs(now.wall - wall) < milliseconds
}

/** Milliseconds by which the wall clock was set, or the other one stood still, between two moments. */
export function drift (from: Moment, to: Moment): number {
  return Math.abs((to.wall - from.wall) - (to.monotonic - from.monotonic))
}

/** Does something after so many milliseconds, unless the function that it answers is called before. */
export type After = (milliseconds: number, work: () => void) => () => void

/**
 * After a standstill timers come before answers that are there already. They get one more turn, so that what waits for an
 * answer with a time limit sees it.
 */
export const after: After = (milliseconds, work) => waiting(milliseconds, work, false)

/** The same, but a process that has nothing else to do may end before. */
export const afterInBackground: After = (milliseconds, work) => waiting(milliseconds, work, true)

function waiting (milliseconds: number, work: () => void, inBackground: boolean): () => void {
  let immediate: NodeJS.Immediate | undefined
  const timer = setTimeout(() => { immediate = setImmediate(work) }, milliseconds)
  if (inBackground) timer.unref()
  return () => {
    clearTimeout(timer)
    clearImmediate(immediate)
  }
}
