// The same with a load generator that everybody knows, so that nobody has to believe ours: long runs instead of slices.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { spread } from '../figures.mjs'
import { Child, CORES, onCore } from './child.mjs'
import { getReady, Runner } from './runner.mjs'
import { BARE } from './variants/index.mjs'

const SECONDS = 2
const PAIRS = 4

/** How each makes requests for some seconds; resolves with how many, how long, the p99 in milliseconds and how many had another status. */
const TOOLS = { wrk, autocannon }

export const TOOL_NAMES = Object.keys(TOOLS)

export async function crossCheck (variant, toolName, settings) {
  const load = new Child('load.mjs', null, CORES.load)
  const runners = [variant, BARE].map(each => new Runner(each, settings, load))
  try {
    await getReady(runners)

    const runs = new Map(runners.map(runner => [runner, []]))
    for (let i = 0; i < PAIRS; i++) {
      for (const runner of i % 2 === 0 ? runners : runners.toReversed()) {
        const { status } = runner === runners[0] ? variant.answer : BARE.answer
        runs.get(runner).push(await runner.measured(async () => await TOOLS[toolName](runner, status)))
      }
    }
    const [own, bare] = runners.map(runner => runs.get(runner))
    const wrong = [...own, ...bare].reduce((sum, { otherStatus }) => sum + otherStatus, 0)
    if (wrong > 0) throw new Error(`${variant.name}, ${toolName}: ${wrong} answers had another status`)
    return {
      with: toolName,
      requestsPerSecond: spread(own.map(({ rate }) => rate)),
      throughputRatio: spread(own.map(({ rate }, i) => rate / bare[i].rate)),
      p99Milliseconds: spread(own.map(({ p99 }) => p99)).median,
      busy: spread(own.map(({ busy }) => busy)).median,
      bareBusy: spread(bare.map(({ busy }) => busy)).median
    }
  } finally {
    await Promise.all([load, ...runners].map(each => each.end()))
  }
}

async function wrk ({ port, credentials }, status) {
  const folder = mkdtempSync(join(tmpdir(), 'fastify-api-key-scopes-wrk-'))
  try {
    const file = join(folder, 'credentials')
    writeFileSync(file, credentials.join('\n'))
    const script = fileURLToPath(new URL('wrk.lua', import.meta.url))
    const [command, ...args] = onCore(CORES.load, ['wrk', '-t1', '-c32', `-d${SECONDS}s`, '-s', script, `http://127.0.0.1:${port}/hello`, '--', file])
    const { stdout } = await promisify(execFile)(command, args)
    const { requests, microseconds, p99, failed, failedStatus } = JSON.parse(stdout.slice(stdout.indexOf('{')))
    const otherStatus = failed + (status < 400 ? failedStatus : requests - failedStatus)
    return { requests, milliseconds: microseconds / 1000, p99: p99 / 1000, otherStatus }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function autocannon ({ port, credentials }, status) {
  const process = new Child('cannon.mjs', { seconds: SECONDS }, CORES.load)
  const { result } = await process.ask({ port, credentials: credentials.slice(0, 1000), status })
  await process.end()
  return result
}
