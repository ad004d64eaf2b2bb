// One round: a fresh process of bare Fastify and one of each contestant, all alive at the same time, served requests in short
// slices one after the other. What is noise for one, such as somebody else's use of the machine, is noise for all.
import { Child, CORES } from './child.mjs'
import { getReady, Runner } from './runner.mjs'
import { BARE } from './variants/index.mjs'

/** The slices of each contestant, each with the one of bare Fastify that was its neighbour. */
export async function contest (contestants, settings) {
  const load = new Child('load.mjs', null, CORES.load)
  const runners = [...contestants, BARE].map(variant => new Runner(variant, settings, load))
  try {
    await getReady(runners)
    const bare = runners.at(-1)

    const slices = contestants.map(() => [])
    for (let i = 0; i < settings.slices && runners.every(runner => runner.mayGoOn); i++) {
      const results = new Map()
      for (const runner of i % 2 === 0 ? runners : runners.toReversed()) results.set(runner, await runner.slice())
      for (const [at, list] of slices.entries()) list.push({ ...results.get(runners[at]), bare: results.get(bare) })
    }
    if (slices[0].length === 0) throw new Error(`${contestants[0].name}: all keys were used up before the first slice`)
    return slices
  } finally {
    await Promise.all([load, ...runners].map(each => each.end()))
  }
}
