// The commands of docs/lock-file.md and docs/findings.md, as they stand there.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import t from 'tap'
import { blocksOf } from '../package/markdown-blocks.js'
import { ended, program, project, root, spawned } from './set-up.js'

const shell = ['docs/lock-file.md', 'docs/findings.md'].flatMap(page => blocksOf(root, page)).filter(({ language }) => language === 'sh')
const hasJq = spawnSync('jq', ['--version']).status === 0

t.test('every command of the pages about lock files and findings does what it says', async t => {
  const { dir, insert } = project(t)
  const bin = join(dir, 'bin')
  mkdirSync(bin)
  symlinkSync(program, join(bin, 'api-key-scopes'))
  writeFileSync(join(bin, 'npx'), '#!/bin/sh\nexec "$@"\n')
  writeFileSync(join(bin, 'git'), '#!/bin/sh\ntest "$1" = add && test -f "$2"\n')
  for (const name of ['npx', 'git']) chmodSync(join(bin, name), 0o755)
  writeFileSync(join(dir, 'app.ts'), `import Fastify from 'fastify'
import apiKeyScopes from 'fastify-api-key-scopes'
import config from './api-key-scopes.config.mjs'
export default async () => {
  const app = Fastify()
  await app.register(apiKeyScopes, config as never)
  app.get('/apps', { config: { scopes: 'apps:read' as never } }, async () => [])
  app.get('/hosts', { config: { scopes: 'hosts:read' as never } }, async () => [])
  return app
}
`)
  await insert({ id: 'k1' })
  t.ok(shell.length >= 5)
  for (const { code, where } of shell) {
    if (code.includes('jq ') && !hasJq) continue
    const child = spawned(['sh', '-euc', code], { cwd: dir, env: { PATH: `${bin}${delimiter}${process.env.PATH}` } })
    child.stdin.end()
    const { code: exit, stderr } = await ended(child)
    t.equal(exit, 0, `${where}: ${stderr}`)
  }
  t.ok(existsSync(join(dir, 'scopes.lock.json')))
})
