// api-key-scopes reference: a page about an app, on standard output or in a file.
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import t, { type Test } from 'tap'
import { pageOfHtml, pageOfMarkdown } from '../reports/reference-pages.js'
import { blocksOf } from '../package/markdown-blocks.js'
import { asProcess, ended, inProcess, json, program, project, root, spawned, workIn } from './set-up.js'

const APP = `import Fastify from 'fastify'
import apiKeyScopes, { defineScopes } from 'fastify-api-key-scopes'
import { sqliteStore } from 'fastify-api-key-scopes/sqlite'
const scopes = defineScopes({ 'apps:read': 'List\\u001b[31m apps \\u202e', 'apps:debug': { description: 'Debug', hidden: true } })
export default async () => {
  const app = Fastify()
  await app.register(apiKeyScopes, { scopes, store: sqliteStore('not-opened.db'), keyPrefix: 'acme' })
  app.get('/apps', { config: { scopes: 'apps:read' } }, async () => [])
  app.get('/debug', { config: { scopes: 'apps:debug' } }, async () => [])
  return app
}
`

t.test('each format', async t => {
  const { file, dir } = anApp(t)
  const html = await inProcess(['reference', file, '--format', 'html', '--title', 'Acme', '--intro', 'Hello.', '--base-url', 'https://api.example.com'])
  t.same([html.code, html.stderr], [0, ''])
  t.equal(pageOfHtml(html.stdout).title, 'Acme')
  t.match(html.stdout, /Hello\..*https:\/\/api\.example\.com/s)
  const markdown = await inProcess(['reference', file])
  t.match(pageOfMarkdown(markdown.stdout), { title: 'API key scopes', sections: { Apps: [{ scope: 'apps:read', endpoints: ['GET /apps'] }] } })
  for (const { stdout } of [html, markdown]) t.notOk(['\u001b', '\u202e'].some(part => stdout.includes(part)), 'what a terminal would obey is not written to it')
  const outside = json(await inProcess(['reference', file, '--json']))
  t.match(outside, { title: 'API key scopes', resources: [{ scopes: [{ name: 'apps:read' }] }] })
  t.same(json(await inProcess(['reference', file, '--format', 'json'])), outside)
  t.match(json(await inProcess(['reference', file, '--json', '--hidden'])), { resources: [{ scopes: [{ name: 'apps:read' }, { name: 'apps:debug' }] }] })
  const built = await asProcess(['reference', file], { cwd: dir })
  t.same(built, markdown, 'the built program writes the same')
  t.notOk(existsSync(join(dir, 'not-opened.db')), 'the store is not opened')
})

t.test('a file says by its name in which format it is', async t => {
  const { file, dir } = anApp(t)
  const starts = { 'a.html': '<!doctype html>', 'a.HTM': '<!doctype html>', 'a.md': '# API key scopes', 'a.json': '{\n  "title"', 'a.txt': '# API key scopes' }
  for (const [name, start] of Object.entries(starts)) {
    const to = join(dir, name)
    t.match(await inProcess(['reference', file, '--output', to]), { code: 0, stdout: `${to}: written\n`, stderr: '' })
    t.ok(readFileSync(to, 'utf8').startsWith(start), name)
  }
  const to = join(dir, 'b.md')
  t.same(json(await inProcess(['reference', file, '--output', to, '--format', 'html', '--json'])), { file: to, format: 'html', bytes: readFileSync(to).length })
  t.ok(readFileSync(to, 'utf8').startsWith('<!doctype html>'), '--format goes before the name')
  t.match(readFileSync(join(dir, 'a.md'), 'utf8'), '\u202e', 'a file has it as it is')
})

t.test('what is wrong is said', async t => {
  const { file, dir } = anApp(t)
  const to = join(dir, 'folder')
  mkdirSync(to)
  const cases: ReadonlyArray<readonly [args: readonly string[], ran: { code: number, stderr: RegExp }]> = [
    [['--format', 'pdf'], { code: 2, stderr: /argument 'pdf' is invalid\. Allowed choices are html, markdown, json/ }],
    [['--format', 'html', '--json'], { code: 2, stderr: /--json and --format html exclude each other without --output/ }],
    [['--base-url', 'api.example.com'], { code: 2, stderr: /baseUrl must be an absolute URL of http or https/ }],
    [['--output', to], { code: 2, stderr: /folder cannot be written/ }]
  ]
  for (const [args, ran] of cases) t.match(await inProcess(['reference', file, ...args]), { stdout: '', ...ran }, args.join(' '))
})

t.test('the commands of the page do what it says', async t => {
  const { dir } = anApp(t)
  mkdirSync(join(dir, 'bin'))
  symlinkSync(program, join(dir, 'bin/api-key-scopes'))
  writeFileSync(join(dir, 'app.js'), APP)
  const [block] = blocksOf(root, 'docs/reference.md').filter(({ language }) => language === 'sh')
  const ran = await ended(spawned(['sh', '-euc', block!.code], { cwd: dir, env: { PATH: `${join(dir, 'bin')}${delimiter}${process.env.PATH}` } }))
  t.match(ran, { code: 0, stderr: '' })
  t.equal(pageOfHtml(readFileSync(join(dir, 'scopes.html'), 'utf8')).title, 'Acme API scopes')
  t.match(readFileSync(join(dir, 'scopes.md'), 'utf8'), /^# API key scopes\n/)
})

t.test('the commands of the examples make their pages, and routes lists what is on them', async t => {
  // Their stores are files in the working directory.
  const { dir } = anApp(t)
  workIn(t, dir)
  for (const [system, line] of [
    ['skaledata', /^POST +\/billing\/plan +users only$/m],
    ['miru', /^POST +\/deployments +deployments:write; sometimes deployments:stage \(Required if staging a deployment\.\)/m],
    ['digitalocean', /^GET +\/v2\/droplets +droplet:read$/m],
    ['defined-networking', /^POST +\/v1\/host-and-enrollment-code +hosts:create \+ hosts:enroll$/m],
    ['inspecto', /^GET +\/vehicles +vehicles:read$/m]
  ] as const) {
    const [block] = blocksOf(root, `examples/${system}/README.md`).filter(({ code }) => code.includes('api-key-scopes reference'))
    const [, app, name, title] = /reference (\S+) --output (\S+) --title '([^']+)'/.exec(block!.code)!
    const file = join(root, app!)
    t.match(await inProcess(['reference', file, '--output', name!, '--title', title!]), { code: 0, stdout: `${name}: written\n`, stderr: '' }, system)
    t.equal(pageOfHtml(readFileSync(join(dir, name!), 'utf8')).title, title)
    t.match(await inProcess(['routes', file]), { code: 0, stdout: line, stderr: '' }, system)
    t.notOk(existsSync(join(dir, `${system}.db`)), 'no store is made')
  }
})

function anApp (t: Test) {
  const { dir } = project(t)
  const file = join(dir, 'app.mjs')
  writeFileSync(file, APP)
  return { dir, file }
}
