// A real Redis for a test, or Valkey: the system's, or the one that REDIS_SERVER names.
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import type { Test } from 'tap'
import { freePort } from './free-port.js'
import { findProgram, leftOut, serve, serverFolder, type Server } from './program.js'

export interface RedisServer extends Server {
  readonly url: string
}

export type RedisSettings = Record<string, string | readonly string[]>

/** A real server on a free loopback port, which ends with the test; `null` where there is none, and then it was said. */
export async function startRedis (t: Test, settings: RedisSettings = {}): Promise<RedisServer | null> {
  const { REDIS_SERVER } = process.env
  const program = findProgram(REDIS_SERVER === undefined ? ['redis-server', 'valkey-server'] : [REDIS_SERVER])
  if (program === undefined) return leftOut(t, 'Redis', 'apt-get install redis-server')

  const folder = serverFolder(t, 'redis')
  const all: RedisSettings = { ...SETTINGS, ...settings }
  const options = Object.entries(all).flatMap(([name, value]) => [`--${name}`, ...typeof value === 'string' ? [value] : value])
  const server = await serve(t, {
    folder,
    user: undefined,
    stopSignal: 'SIGTERM',
    commandLine: (port) => [program, '--port', String(port), '--dir', folder, ...options],
    isReady: async (port) => /^(\+PONG|-NOAUTH)/.test(await redisCommand(port, 'PING'))
  })
  return { ...server, url: `redis://127.0.0.1:${server.port}` }
}

/** As many servers, each with its share of all slots, of which everyone knows. */
export async function startRedisCluster (t: Test, masters: number): Promise<readonly RedisServer[] | null> {
  const nodes: RedisServer[] = []
  const buses: number[] = []
  for (let i = 0; i < masters; i++) {
    buses.push(await freePort())
    const node = await startRedis(t, { 'cluster-enabled': 'yes', 'cluster-port': String(buses[i]), 'cluster-node-timeout': '2000' })
    if (node === null) return null
    nodes.push(node)
  }
  for (const [i, { port }] of nodes.entries()) {
    const first = Math.ceil(SLOTS * i / masters)
    const last = Math.ceil(SLOTS * (i + 1) / masters) - 1
    await expectOk(port, 'CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1))
    await expectOk(port, 'CLUSTER', 'ADDSLOTSRANGE', String(first), String(last))
    if (i > 0) await expectOk(port, 'CLUSTER', 'MEET', '127.0.0.1', String(nodes[0]!.port), String(buses[0]))
  }
  for (const { port } of nodes) {
    for (;;) {
      const info = await redisCommand(port, 'CLUSTER', 'INFO')
      if (/cluster_state:ok/.test(info) && info.includes(`cluster_size:${masters}\r`)) break
      await wait(20)
    }
  }
  return nodes
}

/** What it answers to one command, as it comes over the wire; empty if it cannot be reached. */
export async function redisCommand (port: number, ...command: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const words = (list: readonly string[]) => `*${list.length}\r\n${list.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
  socket.write(words(command) + words(['QUIT']))
  return await text(socket).then((answers) => answers.replace(/\+OK\r\n$/, ''), () => '')
}

const SLOTS = 16_384

const SETTINGS: RedisSettings = {
  bind: '127.0.0.1',
  save: '',
  appendonly: 'yes',
  // Written before it is acknowledged: with `everysec` kill -9 can lose what was.
  appendfsync: 'always',
  'maxmemory-policy': 'noeviction'
}

async function expectOk (port: number, ...command: string[]): Promise<void> {
  const answer = await redisCommand(port, ...command)
  if (!answer.startsWith('+OK')) throw new Error(`${command.join(' ')}: ${answer}`)
}
