import fc from 'fast-check'
import t from 'tap'
import { shifted } from '../../lib/keys/duration.js'

const JANUARY_31 = new Date('2028-01-31T10:20:30.400Z')
const at = (text: string) => new Date(text)

t.test('an ISO 8601 duration leads from one date to another, by the calendar in UTC', async (t) => {
  const table: ReadonlyArray<readonly [from: string, duration: string, after: string]> = [
    ['2028-01-31T10:20:30.400Z', 'P1D', '2028-02-01T10:20:30.400Z'],
    ['2028-01-31T10:20:30.400Z', 'P90D', '2028-04-30T10:20:30.400Z'],
    ['2028-01-31T10:20:30.400Z', 'P2W', '2028-02-14T10:20:30.400Z'],
    ['2028-01-31T10:20:30.400Z', 'P1M', '2028-02-29T10:20:30.400Z'],
    ['2027-01-31T10:20:30.400Z', 'P1M', '2027-02-28T10:20:30.400Z'],
    ['2028-01-31T10:20:30.400Z', 'P3M', '2028-04-30T10:20:30.400Z'],
    ['2028-02-29T00:00:00.000Z', 'P1Y', '2029-02-28T00:00:00.000Z'],
    ['2028-02-29T00:00:00.000Z', 'P4Y', '2032-02-29T00:00:00.000Z'],
    ['2028-12-31T23:59:59.999Z', 'P1M', '2029-01-31T23:59:59.999Z'],
    ['2028-11-30T00:00:00.000Z', 'P15M', '2030-02-28T00:00:00.000Z'],
    ['2028-01-31T10:20:30.400Z', 'PT1H', '2028-01-31T11:20:30.400Z'],
    ['2028-01-31T10:20:30.400Z', 'PT1M', '2028-01-31T10:21:30.400Z'],
    ['2028-01-31T10:20:30.400Z', 'PT90S', '2028-01-31T10:22:00.400Z'],
    ['2028-01-31T10:20:30.400Z', 'PT0S', '2028-01-31T10:20:30.400Z'],
    ['2028-01-31T10:20:30.400Z', 'P1Y2M1W3DT4H5M6S', '2029-04-10T14:25:36.400Z'],
    ['2028-03-26T00:30:00.000Z', 'P1D', '2028-03-27T00:30:00.000Z']
  ]
  for (const [from, duration, after] of table) t.strictSame(shifted(at(from), duration), at(after), `${from} + ${duration}`)
  t.strictSame(JANUARY_31, at('2028-01-31T10:20:30.400Z'), 'the date itself is left alone')
})

t.test('it leads back as well', async (t) => {
  const table: ReadonlyArray<readonly [from: string, duration: string, before: string]> = [
    ['2028-03-31T00:00:00.000Z', 'P1M', '2028-02-29T00:00:00.000Z'],
    ['2028-01-15T00:00:00.000Z', 'P1M', '2027-12-15T00:00:00.000Z'],
    ['2028-02-29T00:00:00.000Z', 'P1Y', '2027-02-28T00:00:00.000Z'],
    ['2028-01-31T10:20:30.400Z', 'P90DT1H', '2027-11-02T09:20:30.400Z']
  ]
  for (const [from, duration, before] of table) t.strictSame(shifted(at(from), duration, 'before'), at(before), `${from} - ${duration}`)
})

t.test('whatever else there is, is no duration', async (t) => {
  for (const text of [
    '', 'P', 'PT', 'P1DT', '1D', 'p1d', 'P1d', 'P-1D', '-P1D', '+P1D', 'P1.5D', 'P1,5D', 'PT1.5S', 'P1H', 'PT1D', 'P1D2W', 'PT1S1H', 'P 1D', ' P1D', 'P1D ', 'P1D\n', 'P١D',
    'P1DT1H1D', '90', '3600', 'P999999999Y', 'P999999999999D', 'P1D/P2D', 'R2/P1D', '2028-01-31T10:20:30Z'
  ]) t.equal(shifted(JANUARY_31, text), undefined, JSON.stringify(text))
  t.equal(shifted(new Date(8.64e15), 'PT1S'), undefined, 'nor is what leads out of all dates')
})

t.test('longer is never earlier, and weeks, days and hours are what they are', async () => {
  const number = fc.nat(500)
  fc.assert(fc.property(fc.date({ min: at('1990-01-01'), max: at('2090-01-01'), noInvalidDate: true }), number, number, (date, n, more) => {
    const milliseconds = (duration: string) => shifted(date, duration)!.getTime() - date.getTime()
    return milliseconds(`P${n}D`) === n * 86_400_000 && milliseconds(`P${n}W`) === n * 7 * 86_400_000 && milliseconds(`PT${n}H`) === n * 3_600_000 &&
      milliseconds(`P${n + more}M`) >= milliseconds(`P${n}M`) && milliseconds(`P${n}Y`) === milliseconds(`P${n * 12}M`) &&
      shifted(date, `P${n}M`)!.toISOString().slice(10) === date.toISOString().slice(10)
  }))
})
