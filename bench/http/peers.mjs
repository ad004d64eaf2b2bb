// The packages that are compared with: those that only the benchmarks need are installed when they are first asked for.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const bench = fileURLToPath(new URL('..', import.meta.url))
const OF_THE_ROOT = ['fastify', '@fastify/bearer-auth']

export function installPeers () {
  if (peers().every(name => existsSync(join(bench, 'node_modules', name)))) return
  console.log('Installing what is compared with, in bench/ (npm install --prefix bench)')
  execFileSync('npm', ['install', '--prefix', bench, '--no-audit', '--no-fund'], { stdio: 'inherit', shell: process.platform === 'win32' })
}

/** The version of each package in the table. */
export function versions () {
  const ours = JSON.parse(readFileSync(join(bench, '../package.json'), 'utf8'))
  const installed = [...OF_THE_ROOT, ...peers()].map(name => [name, versionOf(name)])
  return { [ours.name]: ours.version, ...Object.fromEntries(installed) }
}

function peers () {
  return Object.keys(JSON.parse(readFileSync(join(bench, 'package.json'), 'utf8')).dependencies)
}

function versionOf (name) {
  const folder = createRequire(import.meta.url).resolve.paths(name).map(path => join(path, name)).find(existsSync)
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version
}
