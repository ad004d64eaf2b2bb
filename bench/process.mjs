// Measures one call: process.mjs <module> <name> <size>. The module makes it, as `{ call, batch, besides }`: so many calls are timed at
// once, for one alone is too short; a call may answer a promise; `besides` are other figures. With `beside`, the call that it is compared with.
import { measure } from 'mitata'
import { spread } from './figures.mjs'

const [module, name, size] = process.argv.slice(2)
const { calls } = await import(module)
const { call, batch, beside, besides = {} } = await calls[name](Number(size))

/** Where results go, so that no call is left out for having none. */
let sink = 0

const figures = { nanoseconds: await timeOf(call), ...besides }
if (beside !== undefined) {
  // In turn, a few times: the machine does not always do as much for both.
  const pairs = []
  for (let i = 0; i < 7; i++) pairs.push({ with: await timeOf(call), without: await timeOf(beside) })
  const median = of => spread(pairs.map(of)).median
  Object.assign(figures, { nanoseconds: median(pair => pair.with), without: median(pair => pair.without), ratio: median(pair => pair.with / pair.without) })
}
process.stdout.write(JSON.stringify(figures))
process.exit(sink === -1 ? 1 : 0)

async function timeOf (call) {
  const isAsync = call() instanceof Promise
  const times = isAsync
    ? async () => { for (let i = 0; i < batch; i++) if (await call() !== undefined) sink = 1 }
    : () => { for (let i = 0; i < batch; i++) if (call() !== undefined) sink = 1 }
  const { p50 } = await measure(times, { min_cpu_time: beside === undefined ? 300e6 : 150e6 })
  return p50 / batch
}
