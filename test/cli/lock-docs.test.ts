// The commands of docs/lock-file.md and docs/findings.md, as they stand there.
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { blocksOf } from '../package/markdown-blocks.js'
import { aShell, project, root } from './set-up.js'

const hasJq = spawnSync('jq', ['--version']).status === 0

t.test('every command of the pages about lock files and findings does what it says', async t => {
  const { dir, insert } = project(t)
  const shellIn = aShell(dir, { git: 'test "$1" = add && test -f "$2"' })
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
  const commands = ['docs/lock-file.md', 'docs/findings.md'].flatMap(page => blocksOf(root, page)).filter(({ language }) => language === 'sh')
  t.ok(commands.length >= 5)
  for (const { code, where } of commands) {
    if (code.includes('jq ') && !hasJq) continue
    const { code: exit, stderr } = await shellIn(code)
    t.equal(exit, 0, `${where}: ${stderr}`)
  }
  t.ok(existsSync(join(dir, 'scopes.lock.json')))
})
