// The commands of docs/cli.md, and that of the README, as they stand there.
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { blocksOf } from '../package/markdown-blocks.js'
import { aShell, inProcess, project, root } from './set-up.js'

const blocks = blocksOf(root, 'docs/cli.md')
const config = blocks.find(({ code }) => code.startsWith('// api-key-scopes.config.ts'))!.code
const shell = blocks.filter(({ language }) => language === 'sh')
const hasJq = spawnSync('jq', ['--version']).status === 0

t.test('every command of the page does what it says', async t => {
  const app = project(t, { options: '0' })
  // In place of Vault, a file of what it was given.
  const shellIn = aShell(app.dir, { vault: 'read -r key && echo "$* $key" >> vault.txt' })
  writeFileSync(join(app.dir, 'api-key-scopes.config.ts'), config)
  writeFileSync(join(app.dir, 'tokens.ndjson'), `${JSON.stringify({ digest: 'a'.repeat(64), name: 'legacy' })}\n`)

  const env: NodeJS.ProcessEnv = {}
  const paste = async (heading: string) => {
    const found = shell.filter(block => block.heading === heading)
    t.ok(found.length > 0, heading)
    for (const { code, where } of found) {
      if (code.includes('jq ') && !hasJq) continue
      const { code: exit, stderr } = await shellIn(code, env)
      t.equal(exit, 0, `${where}: ${stderr}`)
    }
  }
  const pasted = new Set<string>()
  const idOf = async (name: string) => (await app.stored()).find(key => key.name === name)!.id
  const steps: Array<[heading: string, before: (() => Promise<void>) | null, after: () => Promise<void>]> = [
    ['Command line', null, async () => {}],
    ['Commands', null, async () => {
      t.match(await app.stored(), [{ name: 'ci-deploy', ownerId: 'alice', scopes: ['apps:deploy', 'clusters:read'] }])
      t.match(readFileSync(join(app.dir, 'vault.txt'), 'utf8'), /^kv put secret\/ci api_key=- acme_\w{38}\n$/)
      // The same without types from here on: each command would first load what takes them out.
      rmSync(join(app.dir, 'api-key-scopes.config.ts'))
      writeFileSync(join(app.dir, 'api-key-scopes.config.mjs'), config.replace(', type ApiKeyScopesOptions', '').replace(' satisfies Partial<ApiKeyScopesOptions>', ''))
    }],
    ['Rotate a key every quarter', async () => {
      writeFileSync(join(app.dir, 'ci-deploy.id'), await idOf('ci-deploy'))
    }, async () => {
      if (!hasJq) return
      const [fresh, old] = await app.stored()
      t.equal(fresh!.rotatedFrom, old!.id)
      t.equal(readFileSync(join(app.dir, 'ci-deploy.id'), 'utf8'), `${fresh!.id}\n`)
      t.match(readFileSync(join(app.dir, 'vault.txt'), 'utf8'), /\n.+ acme_\w{38}\n$/)
    }],
    ['A key has leaked', async () => {
      await app.insert({ id: 'leaked', lastUsedAt: new Date() })
      env.KEY_ID = 'leaked'
    }, async () => { t.match((await app.stored()).find(({ id }) => id === 'leaked'), { revokedReason: 'found in a public repository' }) }],
    ['Which keys does nobody use, and which may too much?', async () => {
      await app.insert({ id: 'idle', scopes: ['full'] })
    }, async () => {
      if (hasJq) t.same((await app.stored()).filter(({ revokedReason }) => revokedReason === 'unused for a year').map(({ id }) => id), ['idle'])
    }],
    ['Somebody has left', null, async () => {
      t.same((await app.stored()).filter(({ ownerId, revokedAt }) => ownerId === 'alice' && revokedAt === null), [])
    }],
    ['Take over the keys of another system', null, async () => { t.ok(await idOf('legacy')) }],
    ['Remove old records', async () => { await app.insert({ id: 'gone', revokedAt: new Date('2024-06-01') }) }, async () => {
      t.equal((await app.stored()).find(({ id }) => id === 'gone'), undefined)
    }]
  ]
  for (const [heading, before, after] of steps) {
    pasted.add(heading)
    await before?.()
    await paste(heading)
    await after()
  }
  const [ofReadme, ...none] = blocksOf(root, 'README.md').filter(({ language, code }) => language === 'sh' && code.includes('api-key-scopes create'))
  t.match(await shellIn(ofReadme!.code, env), { code: 0, stdout: /^acme_\w{38}\n/ }, 'the block of the README')
  t.same(none, [])
  t.same([...new Set(shell.map(({ heading }) => heading))].filter(heading => !pasted.has(heading)), [], 'no command was left out')
})

t.test('the page and the help tell the same exit codes and commands', async t => {
  const page = readFileSync(join(root, 'docs/cli.md'), 'utf8')
  const { stdout } = await inProcess(['--help'])
  const commands = [...stdout.matchAll(/^ {2}([\w-]+) (?:\[options\]|<id>|<what>| {2,}bring)/gm)].map(([, command]) => command!)
  t.equal(commands.length, 16)
  for (const command of commands) {
    t.match(page, new RegExp(`^\\| \`${command}\\b`, 'm'))
    const help = (await inProcess([command, '--help'])).stdout
    const own = help.slice(0, help.indexOf('Global Options'))
    for (const [option] of own.matchAll(/--(?!help)[\w-]+(?= {2}| <)/g)) t.ok(page.includes(option), `${command} ${option}`)
  }
  for (const code of ['0', '1', '2', '3', '4']) {
    t.match(page, new RegExp(`^\\| ${code} \\|`, 'm'))
    t.match(stdout, new RegExp(`^ +${code}  \\w`, 'm'))
  }
})
