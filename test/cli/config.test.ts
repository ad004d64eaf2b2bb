// The config file, in every form that it may have: read by the built program, and by the sources.
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { CATALOG, inProcess, installed, oneAfterAnother, project, runInstalled, workIn } from './set-up.js'

/** From 22.18 and 23.6 on. */
const stripsTypes = Boolean((process.features as { typescript?: unknown }).typescript)

const IMPORTS = (scopes: string) => `import { sqliteStore } from 'fastify-api-key-scopes/sqlite'
import { scopes } from '${scopes}'
`
const OPTIONS = '{ scopes, store: sqliteStore(\'keys.db\'), keyPrefix: \'acme\' }'
const ERASABLE = `import type { ApiKeyScopesOptions } from 'fastify-api-key-scopes'
${IMPORTS('./scopes.ts')}const options: Partial<ApiKeyScopesOptions> = ${OPTIONS}
export default options satisfies object
`
const AS_COMPILED = `import type { ApiKeyScopesOptions } from 'fastify-api-key-scopes'
${IMPORTS('./scopes.js')}enum Prefix { own = 'acme' }
export default { ...${OPTIONS}, keyPrefix: Prefix.own } satisfies Partial<ApiKeyScopesOptions>
`
const REQUIRES = `const { defineScopes } = require('fastify-api-key-scopes')
const { sqliteStore } = require('fastify-api-key-scopes/sqlite')
const scopes = defineScopes({ full: { includes: '*' } }, { defaultGrant: ['full'] })
`

const FORMS: ReadonlyArray<readonly [what: string, file: string, content: string]> = [
  ['TypeScript that only has to lose its types', 'a.ts', ERASABLE],
  ['TypeScript as it is written for tsc, with an enum and an import of a .js that is a .ts', 'a.ts', AS_COMPILED],
  ['TypeScript that says that it is an ES module', 'a.mts', AS_COMPILED],
  ['TypeScript that becomes CommonJS', 'a.cts', AS_COMPILED],
  ['CommonJS with types', 'a.cts', `${REQUIRES}module.exports = ${OPTIONS} satisfies object`],
  ['an ES module', 'a.js', `${IMPORTS('./scopes.mjs')}export default ${OPTIONS}`],
  ['an ES module that waits for something', 'a.mjs', `${IMPORTS('./scopes.mjs')}export default await Promise.resolve(${OPTIONS})`],
  ['CommonJS', 'a.cjs', `${REQUIRES}module.exports = ${OPTIONS}`],
  ['CommonJS that was compiled from an ES module', 'a.cjs', `${REQUIRES}Object.defineProperty(exports, '__esModule', { value: true })\nexports.default = ${OPTIONS}`]
]

t.test('may be', async t => {
  const commands = FORMS.map(([, file, content]) => {
    const { dir } = project(t)
    writeFileSync(join(dir, 'scopes.ts'), CATALOG)
    writeFileSync(join(dir, file), content)
    return ['create', '--name', 'a', '--config', join(dir, file), '--store', `sqlite:${join(dir, 'keys.db')}`]
  })
  const built = await oneAfterAnother(commands)
  for (const [i, [what, file]] of FORMS.entries()) {
    for (const { code, stdout, stderr } of [built[i]!, await inProcess(commands[i]!)]) {
      t.equal(code, 0, `${what}, ${file} ${stderr}`)
      t.match(stdout, /^acme_\w{38}\n$/)
    }
  }
})

t.test('is the first of the usual ones, if no other is named', async t => {
  const { dir } = project(t)
  workIn(t, dir)
  const files = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'].map(extension => `api-key-scopes.config.${extension}`)
  for (const file of files) {
    const options = `{ store: sqliteStore('no store of ${file}') }`
    writeFileSync(join(dir, file), /c[tj]s$/.test(file)
      ? `const { sqliteStore } = require('fastify-api-key-scopes/sqlite')\nmodule.exports = ${options}`
      : `import { sqliteStore } from 'fastify-api-key-scopes/sqlite'\nexport default ${options}`)
  }
  for (const file of files) {
    t.equal((await inProcess(['list'])).stderr.split(';')[0], `error: there is no store at no store of ${file}`)
    rmSync(join(dir, file))
  }
  t.match((await inProcess(['list'])).stderr, /^error: which store\?/)
})

t.test('gives way to --store, but for all else', async t => {
  const app = project(t, { options: '{ scopes, store: { findByDigest () {}, open () { throw new Error(\'opened\') } }, keyPrefix: \'own\' }' })
  const { code, stdout } = await inProcess([...app.config, '--store', `sqlite:${app.db}`, 'create', '--name', 'a'])
  t.equal(code, 0)
  t.match(stdout, /^own_/)
  t.equal((await app.stored()).length, 1)
})

t.test('where jiti is not installed', async t => {
  const dir = installed(t, ['libsql'])
  writeFileSync(join(dir, 'package.json'), '{ "type": "commonjs" }')
  writeFileSync(join(dir, 'scopes.mjs'), CATALOG)
  writeFileSync(join(dir, 'scopes.mts'), CATALOG)
  const create = async (file: string, content: string) => {
    writeFileSync(join(dir, file), content)
    return await runInstalled(dir, ['create', '--name', 'a', '--config', file])
  }
  const missing = stripsTypes
    ? / cannot be loaded: .+; jiti can load more of TypeScript than Node does: npm install --save-dev jiti@2\n$/
    : / cannot be loaded: this Node cannot load TypeScript; npm install --save-dev jiti@2, use Node 22\.18 or later, or write it in JavaScript\n$/

  for (const [file, content] of [['a.mjs', `${IMPORTS('./scopes.mjs')}export default ${OPTIONS}`], ['a.cjs', `${REQUIRES}module.exports = ${OPTIONS}`], ['a.js', `${REQUIRES}module.exports = ${OPTIONS}`]] as const) {
    t.match(await create(file, content), { code: 0, stdout: /^acme_/ }, file)
  }
  const plain = await create('a.mts', ERASABLE.replace('./scopes.ts', './scopes.mts'))
  t.match(plain, stripsTypes ? { code: 0, stdout: /^acme_/ } : { code: 2, stdout: '', stderr: missing })
  for (const [file, content] of [['b.mts', AS_COMPILED], ['c.mts', AS_COMPILED.replace('./scopes.js', './scopes.mts')], ['d.cts', AS_COMPILED]] as const) {
    t.match(await create(file, content), { code: 2, stdout: '', stderr: missing }, file)
  }
  t.match(await create('e.mts', 'throw new Error(\'no DATABASE_URL\')'), { code: 2, stderr: stripsTypes ? /cannot be loaded: no DATABASE_URL\n$/ : missing })
})
