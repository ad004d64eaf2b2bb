/** Runs simulations in a process of its own, whose clocks and timers are simulated. Each line of its input asks for some; each line of its output answers. */
import { createInterface } from 'node:readline'
import { loadLib } from './lib.js'
import { nextTurn, pretend } from './pretend.js'
import { simulate } from './simulate.js'
import type { Weather } from './weather.js'

/** Simulations of one copy of the code. */
export interface Campaign {
  /** Holds `keys` and `scopes`, compiled. */
  readonly folder: string
  readonly first: number
  readonly seeds: number
  /** Which seeds shall be told, of those that break the promise: the first one, or all. */
  readonly until: 'broken' | 'end'
  readonly server?: Partial<Weather['server']>
  readonly trace?: boolean
}

export interface CampaignResult {
  readonly ran: number
  readonly broken: ReadonlyArray<{ readonly seed: number, readonly how: string }>
  readonly trace: readonly string[]
  /** Of the processor. */
  readonly seconds: number
}

async function run ({ folder, first, seeds, until, server, trace }: Campaign): Promise<CampaignResult> {
  const lib = await loadLib(folder)
  const began = process.cpuUsage()
  const broken: Array<{ seed: number, how: string }> = []
  const told: string[] = []
  let ran = 0
  while (ran < seeds) {
    const seed = first + ran++
    const change = (weather: Weather) => ({ ...weather, server: { ...weather.server, ...server } })
    const how = await simulate(lib, seed, change, trace ? told : undefined)
    if (how !== null) broken.push({ seed, how })
    if (how !== null && until === 'broken') break
    // For errors that nobody handles, and for memory.
    await nextTurn()
  }
  return { ran, broken, trace: told, seconds: secondsOf(process.cpuUsage(began)) }
}

function secondsOf ({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1e6
}

pretend()
// Simulated stores fail all the time, and nobody reads where.
Error.stackTraceLimit = 0
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await run(JSON.parse(line))) + '\n')
}
