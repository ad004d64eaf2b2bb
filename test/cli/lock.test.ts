// `lock` and `findings`, of an app in a file.
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { aKey, inProcess, json, project, type Ran } from './set-up.js'

/** A folder with an app in it, whose routes can be declared anew. */
function appIn (t: Test) {
  const app = project(t)
  let version = 0
  return {
    ...app,
    file: join(app.dir, 'scopes.lock.json'),
    /** Another file each time, for Node loads a module once. */
    declare (routes: string, scopes = 'scopes'): string {
      const path = join(app.dir, `app-${++version}.mjs`)
      writeFileSync(path, `import Fastify from 'fastify'
import apiKeyScopes, { defineScopes } from 'fastify-api-key-scopes'
import { sqliteStore } from 'fastify-api-key-scopes/sqlite'
import { scopes } from './scopes.mjs'
const handler = async () => 'ok'
export async function build () {
  const app = Fastify({ logger: true })
  await app.register(apiKeyScopes, { scopes: ${scopes}, store: sqliteStore(${JSON.stringify(app.db)}), keyPrefix: 'acme', authenticateUser: () => null })
  ${routes}
  return app
}
export default build
`)
      return path
    }
  }
}

const READ = "app.get('/apps', { config: { scopes: 'apps:read' } }, handler)"
const DEPLOY = "app.post('/apps', { config: { scopes: 'apps:deploy' } }, handler)"
const HOSTS = "app.get('/hosts', { config: { scopes: 'hosts:read' } }, handler)"
const BILLING = (access: string) => `app.post('/billing', { config: { ${access} } }, handler)`

t.test('a lock is written, then checked, and what has changed is told with the command that accepts it', async t => {
  const { declare, file, db } = appIn(t)
  const app = declare(`${READ}; ${BILLING('userOnly: true')}`)
  const lock = async (path: string, ...args: string[]) => await inProcess(['lock', path, '--file', file, ...args])

  t.match(await lock(app, '--check'), { code: 1, stdout: '', stderr: `error: there is no ${file} to check against; write it, and commit it:\nnpx api-key-scopes lock ${app} --file ${file}\n` })
  t.strictSame(await lock(app), { code: 0, stdout: `${file}: 2 routes written\n`, stderr: '' })
  const text = readFileSync(file, 'utf8')
  t.match(text, '{ "route": "POST /billing", "userOnly": true }')
  t.strictSame(await lock(app, '--check'), { code: 0, stdout: `${file}: 2 routes, nothing has changed\n`, stderr: '' })
  t.strictSame(await lock(app), { code: 0, stdout: `${file}: 2 routes, nothing has changed\n`, stderr: '' })

  const opened = declare(`${READ}; ${BILLING('public: true')}; ${HOSTS}`)
  const told = `EASIER TO REACH
! POST /billing: was users only, is now everybody

New
+ GET /hosts: hosts:read

${file}: 3 routes, 1 route is EASIER to reach, 1 is new
`
  t.strictSame(await lock(opened, '--check'), {
    code: 1,
    stdout: told,
    stderr: `error: ${file} is not who may call what: 1 route is EASIER to reach, 1 is new. If that is meant, accept it, and commit it:\nnpx api-key-scopes lock ${opened} --file ${file}\n`
  })
  t.equal(readFileSync(file, 'utf8'), text, 'a check writes nothing')
  t.strictSame(await lock(opened), { code: 0, stdout: told, stderr: '' })
  t.strictSame(await lock(opened, '--check'), { code: 0, stdout: `${file}: 3 routes, nothing has changed\n`, stderr: '' })
  t.notOk(existsSync(db), 'the store was not opened')
})

t.test('with --json there is one document, whatever has changed', async t => {
  const { declare, file } = appIn(t)
  const app = declare(READ)
  const lock = async (path: string, ...args: string[]) => await inProcess(['lock', path, '--file', file, '--json', ...args])
  t.strictSame(json(await lock(app)), { file, written: true, routes: 1, changes: null })
  t.strictSame(json(await lock(app)), { file, written: false, routes: 1, changes: { same: true, routes: [], scopes: [], grants: [] } })
  const { code, stdout, stderr } = await lock(declare(''), '--check')
  t.equal(code, 1)
  t.match(JSON.parse(stdout), { written: false, routes: 0, changes: { same: false, routes: [{ route: 'GET /apps', change: 'removed', before: 'apps:read', after: null }] } })
  t.match(JSON.parse(stderr), { error: { code: 'CLI_FAILED', message: /1 route is removed/ } })
})

t.test('a file that is no lock is left alone, and a broken lock is written anew', async t => {
  const { declare, dir, file } = appIn(t)
  const app = declare(READ)
  const lock = async (...args: string[]) => await inProcess(['lock', app, '--file', file, ...args])
  writeFileSync(file, '{ "name": "package" }')
  t.strictSame(await lock(), { code: 2, stdout: '', stderr: `error: ${file} is there, and is no lock file; nothing was written\n` })
  t.equal(readFileSync(file, 'utf8'), '{ "name": "package" }')

  const broken: ReadonlyArray<readonly [content: (text: string) => string, told: string]> = [
    [text => text.replace('"apps:read" }', '"apps:read"  }'), 'was edited by hand: line 4 is not what would be written there'],
    [text => `<<<<<<< ours\n${text}`, 'has merge conflicts in it'],
    [text => text.replace('"lockVersion": 1', '"lockVersion": 9'), 'is of lockVersion 9, and this version of fastify-api-key-scopes reads 1']
  ]
  writeFileSync(file, '"lockVersion"')
  await lock()
  const text = readFileSync(file, 'utf8')
  for (const [content, told] of broken) {
    writeFileSync(file, content(text))
    t.strictSame(await lock('--check'), {
      code: 1,
      stdout: '',
      stderr: `error: ${file} ${told}. Write it anew, look at what that changes, and commit it:\nnpx api-key-scopes lock ${app} --file ${file}\n`
    })
    t.strictSame(await lock(), {
      code: 0,
      stdout: `${file}: 1 route written\n`,
      stderr: `warning: ${file} ${told}. It is written anew, and what has changed cannot be told: look at the difference before you commit it\n`
    })
    t.equal(readFileSync(file, 'utf8'), text)
  }
  t.notOk(readdirSync(dir).some(name => name.endsWith('.tmp')))
})

t.test('a link stays one, and what cannot be read or written is told of', async t => {
  const { declare, dir, file } = appIn(t)
  const app = declare(READ)
  const real = join(dir, 'real.json')
  await inProcess(['lock', app, '--file', real])
  symlinkSync(real, file)
  t.match(await inProcess(['lock', declare(`${READ}; ${HOSTS}`), '--file', file]), { code: 0 })
  t.ok(lstatSync(file).isSymbolicLink())
  t.match(readFileSync(real, 'utf8'), 'GET /hosts')

  mkdirSync(join(dir, 'folder'))
  t.match(await inProcess(['lock', app, '--file', join(dir, 'folder')]), { code: 2, stderr: /folder cannot be read: EISDIR/ })
  t.match(await inProcess(['lock', app, '--file', join(dir, 'nowhere/scopes.lock.json')]), { code: 2, stderr: /nowhere\/scopes\.lock\.json cannot be written: ENOENT/ })
})

t.test('the command that accepts a change can be pasted', async t => {
  const { declare, dir } = appIn(t)
  const app = declare(READ)
  const file = join(dir, "it's a lock.json")
  t.match((await inProcess(['lock', app, '--export', 'build', '--file', file, '--check'])).stderr, `npx api-key-scopes lock ${app} --export build --file '${file.replace("'", "'\\''")}'\n`)
  t.match((await inProcess(['lock', app, '--check'])).stderr, `npx api-key-scopes lock ${app}\n`)
})

t.test('what stands in a route cannot write on the terminal', async t => {
  const { declare, file } = appIn(t)
  await inProcess(['lock', declare(READ), '--file', file])
  const { stdout } = await inProcess(['lock', declare(`${READ}; app.get('/\\u001b[31m\\u202e', { config: { public: true } }, handler)`), '--file', file])
  t.match(stdout, '+ GET /\\u{1b}[31m\\u{202e}: everybody\n')
  t.match(readFileSync(file, 'utf8'), '"GET /\\u001b[31m\\u202e"')
})

t.test('findings are told, in words and as JSON, and fail a script that asks for it', async t => {
  const { declare, db } = appIn(t)
  const findings = async (path: string, ...args: string[]): Promise<Ran> => await inProcess(['findings', path, ...args])
  const fine = declare(`${READ}; ${DEPLOY}; ${HOSTS}`)
  t.strictSame(await findings(fine, '--fail'), { code: 0, stdout: '', stderr: 'Nothing was found.\n' })
  t.strictSame(json(await findings(fine, '--json')), { findings: [] })

  const odd = declare(`${READ}; ${DEPLOY}`)
  const message = 'no route demands hosts:read, nor anything that it includes: take it out of the catalog, unless handlers ask for it'
  t.strictSame(await findings(odd), { code: 0, stdout: `KIND              FINDING\nundemanded-scope  ${message}\n`, stderr: '' })
  t.match(await findings(odd, '--fail'), { code: 1, stderr: 'error: there is 1 finding\n' })
  t.match(await findings(declare(''), '--fail'), { code: 1, stderr: 'error: there are 4 findings\n' })
  t.strictSame(json(await findings(odd, '--json')), { findings: [{ kind: 'undemanded-scope', scope: 'hosts:read', message }] })
  t.notOk(existsSync(db), 'the store was not opened')
})

t.test('with --keys the keys of the store are looked at too', async t => {
  const { declare, insert } = appIn(t)
  await insert(aKey({ id: 'k1', scopes: ['apps:gone', 'apps:read'] }))
  const app = declare(`${READ}; ${DEPLOY}; ${HOSTS}`)
  t.strictSame(json(await inProcess(['findings', app, '--keys', '--json'])), {
    findings: [{ kind: 'ineffective-granted', scope: 'apps:gone', keys: ['k1'], message: '1 key has apps:gone, which the catalog does not have; it grants nothing: k1' }]
  })
})
