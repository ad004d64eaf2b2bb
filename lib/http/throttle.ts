/** Says one thing at most once in `interval` milliseconds, with how many times it was left out since. */
export type Throttle = (say: (leftOut: number) => void) => void

export function throttle (interval: number, now: () => number = () => performance.now()): Throttle {
  let lastAt = -Infinity
  let leftOut = 0

  return say => {
    if (now() - lastAt < interval) {
      leftOut++
      return
    }
    say(leftOut)
    lastAt = now()
    leftOut = 0
  }
}
