/**
 * A moment that lies this ISO 8601 duration after another (`P90D`, `PT1H`, `P1Y6M`, `P2W`), or before it. Years and months
 * are those of the calendar in UTC, and a day that a month does not have becomes its last one.
 *
 * @returns `undefined` if the text is no such duration, or leads out of what a `Date` can hold.
 */
export function shifted (from: Date, duration: string, direction: 'after' | 'before' = 'after'): Date | undefined {
  const parts = DURATION.exec(duration)
  if (parts === null) return undefined
  const sign = direction === 'after' ? 1 : -1
  const [years, months, weeks, days, hours, minutes, seconds] = parts.slice(1).map(digits => sign * Number(digits ?? 0)) as Seven

  const date = new Date(from)
  const day = date.getUTCDate()
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() + 12 * years + months)
  date.setUTCDate(Math.min(day, daysInMonth(date)))
  date.setTime(date.getTime() + (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60_000 + seconds * 1000)
  return Number.isNaN(date.getTime()) ? undefined : date
}

type Seven = [number, number, number, number, number, number, number]

/** Whole numbers alone: a fraction of a month is nobody's idea of a date. Nine digits are more than a `Date` can hold. */
export const DURATION = /^P(?=.)(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?$/

function daysInMonth (date: Date): number {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
}
