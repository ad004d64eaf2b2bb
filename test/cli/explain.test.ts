// The commands explain and who-can.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { generateKey } from '../../lib/keys/key-format.js'
import { fingerprintOf } from '../../lib/keys/digest.js'
import { blocksOf } from '../package/markdown-blocks.js'
import { inProcess, json, onTerminal, project, root, RUNNERS, workIn } from './set-up.js'

function anApp (t: Test) {
  const { dir, insert } = project(t)
  const file = join(dir, 'app.mjs')
  writeFileSync(file, `import Fastify from 'fastify'
import apiKeyScopes from 'fastify-api-key-scopes'
import options from './api-key-scopes.config.mjs'
export default async () => {
  const app = Fastify()
  await app.register(apiKeyScopes, { ...options, authenticateUser: () => null, ownerScopes: id => id === 'limited' ? ['hosts:read'] : ['full'] })
  app.get('/apps', { config: { scopes: 'apps:read' } }, async () => [])
  app.post('/apps/:id/deploy', {
    config: { scopes: ['apps:deploy', 'apps:read'], scopesWhen: [{ when: () => true, scopes: 'hosts:read', description: 'To a host of your own.' }] }
  }, async () => 1)
  app.get('/either', { config: { scopes: { anyOf: ['apps:deploy', 'hosts:read'] }, scopesMode: 'report' } }, async () => 1)
  app.get('/me', { config: { scopes: [] } }, async () => 1)
  app.get('/v', { config: { scopes: 'apps:read' }, constraints: { version: '1.0.0' } }, async () => 1)
  app.get('/v', { config: { userOnly: true }, constraints: { version: '2.0.0' } }, async () => 1)
  app.get('/health', { config: { public: true } }, async () => 1)
  return app
}
`)
  return { file, insert }
}

const told: ReadonlyArray<readonly [title: string, args: string[], stdout: string]> = [
  ['allowed, through what', ['GET', '/apps', '--scope', 'apps:deploy'], `
route    GET /apps
for      apps:read
allowed  yes

SCOPE      HELD  THROUGH
apps:read  yes   apps:deploy > apps:read
`],
  ['not allowed, and what would do', ['POST', '/apps/7/deploy?now', '--scope', 'apps:read'], `
route     POST /apps/:id/deploy
for       apps:deploy + apps:read; sometimes hosts:read (To a host of your own.)
allowed   no: 403 FST_API_KEY_MISSING_SCOPE, API key missing required scope: apps:deploy
missing   apps:deploy
would do  apps:deploy

SCOPE        HELD  THROUGH
apps:deploy  no    -
apps:read    yes   granted by name

sometimes  hosts:read (To a host of your own.)
held       no, hosts:read is missing
then       403 FST_API_KEY_MISSING_SCOPE, API key missing required scope: apps:deploy
would do   apps:deploy + hosts:read
`],
  ['a condition that is met', ['POST', '/apps/:id/deploy', '--scope', 'apps:deploy', '--scope', 'hosts:read'], `
route    POST /apps/:id/deploy
for      apps:deploy + apps:read; sometimes hosts:read (To a host of your own.)
allowed  yes

SCOPE        HELD  THROUGH
apps:deploy  yes   granted by name
apps:read    yes   apps:deploy > apps:read

sometimes  hosts:read (To a host of your own.)
held       yes
then       allowed
`],
  ['in report mode', ['GET', '/either', '--scope', 'apps:read'], `
route     GET /either
for       one of apps:deploy, hosts:read (report mode: not enforced)
allowed   yes, in report mode; else 403 FST_API_KEY_MISSING_SCOPE, API key missing required scope: one of apps:deploy, hosts:read
missing   apps:deploy
          hosts:read
would do  apps:deploy

SCOPE        HELD  THROUGH
apps:deploy  no    -
hosts:read   no    -
`],
  ['one of several versions', ['GET', '/v', '--scope', 'full', '--constraint', 'version=2.x'], `
route    GET /v (version 2.0.0)
for      users only
allowed  no: 403 FST_API_KEY_USER_ONLY, This endpoint requires a user session and does not accept API keys
`],
  ['a key that is not there any more', ['GET', '/apps', '--id', 'ended'], `
route    GET /apps
for      apps:read
key      "of yesterday" (ended, of u1)
allowed  no: 401 FST_API_KEY_INVALID, Invalid API key
because  the key is revoked
`],
  ['a key whose owner may not', ['GET', '/apps', '--id', 'limited'], `
route     GET /apps
for       apps:read
key       "too much" (limited, of limited)
allowed   no: 403 FST_API_KEY_MISSING_SCOPE, API key missing required scope: apps:read
missing   apps:read
would do  no scopes: the owner of the key may not do it

SCOPE      HELD  THROUGH
apps:read  no    full > * > apps:read, but its owner may not
`]
]

t.test('explain', async t => {
  const { file, insert } = anApp(t)
  const key = generateKey('acme')
  await insert(
    { id: 'ended', name: 'of yesterday', revokedAt: new Date() },
    { id: 'limited', name: 'too much', ownerId: 'limited', scopes: ['full'] },
    { id: 'sent', name: 'ci', digest: fingerprintOf(key), scopes: ['full'] }
  )
  for (const [title, args, stdout] of told) {
    await t.test(title, async t => {
      t.strictSame(await onTerminal(['explain', file, ...args]), { code: 0, stdout: stdout.slice(1), stderr: '' })
    })
  }

  for (const [runner, run] of RUNNERS) {
    await t.test(`the key is on standard input, and nowhere else (${runner})`, async t => {
      const ran = await run(['explain', file, 'GET', '/apps', '--key-stdin', '--json', '--check'], { input: `${key}\n` })
      t.match(json(ran), { allowed: true, record: { id: 'sent', lastUsedAt: null }, needs: [{ name: 'apps:read', through: ['full', '*', 'apps:read'] }] })
      t.notOk(ran.stdout.includes(key.slice(-38)))
    })
  }

  await t.test('somebody is asked for the key', async t => {
    const { stderr, stdout, code } = await onTerminal(['explain', file, 'GET', '/me', '--key-stdin'], { input: `${key}\n`, isTTY: true })
    t.strictSame([stderr, code], ['The API key: ', 0])
    t.match(stdout, /\nallowed {2}yes\n$/)
  })

  await t.test('with --check, what is not allowed ends with 1', async t => {
    t.match(await onTerminal(['explain', file, 'GET', '/apps', '--scope', 'hosts:read', '--check']), { code: 1, stdout: /^route/, stderr: 'error: it is not allowed: API key missing required scope: apps:read\n' })
    t.match(await onTerminal(['explain', file, 'GET', '/apps', '--scope', 'apps:read', '--check']), { code: 0, stderr: '' })
  })

  const wrong: ReadonlyArray<readonly [args: string[], code: number, stderr: string]> = [
    [['GET', '/apps'], 2, 'explain needs to know about which key: give one of --scope <scope>, --id <id> and --key-stdin'],
    [['GET', '/apps', '--scope', 'full', '--id', 'x'], 2, 'explain needs to know about which key: give one of --scope <scope>, --id <id> and --key-stdin'],
    [['GET', '/apps', '--scope', 'apps:raed'], 2, 'unknown scope "apps:raed" (did you mean "apps:read"?)'],
    [['GET', '/aps', '--scope', 'full'], 2, 'there is no route GET "/aps" (did you mean "/apps"?); app.apiKeys.routes() has them all'],
    [['GET', '/v', '--scope', 'full'], 2, 'GET "/v" may be one of several routes; say which with constraints: GET /v (version 1.0.0), GET /v (version 2.0.0)'],
    [['GET', '/v', '--scope', 'full', '--constraint', 'version'], 2, "option '--constraint <name=value>' argument 'version' is invalid. It must be name=value, such as version=2.x."],
    [['GET', '/apps', '--id', 'nobody'], 3, 'there is no API key with the id "nobody"; api-key-scopes list shows the ids'],
    [['GET', '/apps', '--key-stdin'], 2, 'there is no key on standard input']
  ]
  for (const [args, code, message] of wrong) {
    t.strictSame(await onTerminal(['explain', file, ...args], { input: '\n' }), { code, stdout: '', stderr: `error: ${message}\n` }, args.join(' '))
  }
})

const opened: ReadonlyArray<readonly [title: string, args: string[], stdout: string]> = [
  ['scopes, presets and keys', ['POST', '/apps/:id/deploy'], `
route                POST /apps/:id/deploy
for                  apps:deploy + apps:read; sometimes hosts:read (To a host of your own.)
users                yes; a session with scopes of its own needs them too
one scope is enough  full
                     apps:deploy
smallest grants      apps:deploy
presets              CI deploy
default grant        yes

sometimes            hosts:read (To a host of your own.)
one scope is enough  full
smallest grants      apps:deploy + hosts:read
presets              CI deploy
default grant        yes

KEY   NAME    OWNER  SCOPES       LAST USED  CONDITIONS
ci    ci      u1     apps:deploy  never      0 of 1
full  do-all  -      full         never      1 of 1
`],
  ['no key at all', ['GET', '/v', '--constraint', 'version=2.0.0'], `
route  GET /v (version 2.0.0)
for    users only
users  yes

No active key may call it.
`],
  ['any key', ['GET', '/me', '--no-keys'], `
route                GET /me
for                  any valid key
users                yes; a session with scopes of its own needs them too
one scope is enough  none
smallest grants      no scope
presets              CI deploy
default grant        yes
`],
  ['in report mode, keys that lack scopes too', ['GET', '/either', '--limit', '3'], `
route                GET /either
for                  one of apps:deploy, hosts:read (report mode: not enforced)
users                yes; a session with scopes of its own needs them too
one scope is enough  full
                     apps:deploy
                     hosts:read
smallest grants      apps:deploy
                     hosts:read
presets              CI deploy
default grant        yes

KEY   NAME    OWNER  SCOPES                               LAST USED
ci    ci      u1     apps:deploy                          never
full  do-all  -      full                                 never
few   few     u1     apps:read (too few, in report mode)  never
`],
  ['everybody', ['GET', '/health'], `
route  GET /health
for    everybody
`]
]

t.test('who-can', async t => {
  const { file, insert } = anApp(t)
  await insert(
    { id: 'few', name: 'few', scopes: ['apps:read'] },
    { id: 'full', name: 'do-all', ownerId: null, scopes: ['full'] },
    { id: 'ci', name: 'ci', scopes: ['apps:deploy'] },
    { id: 'gone', scopes: ['full'], disabledAt: new Date() },
    { id: 'limited', ownerId: 'limited', scopes: ['apps:deploy'], expiresAt: new Date(0) }
  )
  for (const [title, args, stdout] of opened) {
    await t.test(title, async t => {
      t.strictSame(await onTerminal(['who-can', file, ...args]), { code: 0, stdout: stdout.slice(1), stderr: '' })
    })
  }

  await t.test('page by page', async t => {
    const first = await onTerminal(['who-can', file, 'GET', '/apps', '--limit', '2'])
    const [, cursor] = /^There may be more: --cursor (.+)\n$/.exec(first.stderr)!
    const { keys, cursor: next } = json(await onTerminal(['who-can', file, 'GET', '/apps', '--limit', '2', '--cursor', cursor!, '--json']))
    t.match(keys, [{ record: { id: 'few' }, conditions: [], reported: false }])
    t.equal(keys.length, 1)
    t.equal(next, null)
  })

  t.match(await onTerminal(['who-can', file, 'GET', '/apps', '--limit', '0']), { code: 2 })
  t.match(await onTerminal(['who-can', file, 'PUT', '/apps']), { code: 2, stderr: 'error: there is no route PUT "/apps"; this URL is for GET, HEAD\n' })
})

t.test('the commands of docs/explain.md, as they stand there, on the app of that page', async t => {
  const { dir } = project(t)
  const blocks = blocksOf(root, 'docs/explain.md')
  const [first] = blocks.filter(({ language }) => language === 'ts')
  const app = first!.code.slice(0, first!.code.indexOf('await app.ready()'))
  writeFileSync(join(dir, 'app.js'), `${app}\nexport default app\n`.replaceAll(/ as \{[^}]*\}/g, ''))
  const [commands] = blocks.filter(({ language }) => language === 'sh')
  const lines = commands!.code.trim().split('\n').map(line => line.replace('npx api-key-scopes ', '').split(' '))
  t.equal(lines.length, 2)
  const said = [/^allowed {3}no: 403 .*clusters:write\n/m, /^one scope is enough {2}full\n {21}clusters:read\n/m]
  workIn(t, dir)
  for (const [i, line] of lines.entries()) {
    const { code, stdout, stderr } = await inProcess(line)
    t.strictSame([code, stderr], [0, ''])
    t.match(stdout, said[i])
  }
})
