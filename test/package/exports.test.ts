import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { run } from './run.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { name, exports, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const subpaths = Object.keys(exports).filter((subpath) => subpath !== './package.json').map((subpath) => subpath.replace('.', name))

t.test('every entry can be imported and required, and has the same names either way', async (t) => {
  const imported = await names('await import(entry)', 'module')
  // Each as if it were the only one: modules that import each other may depend on which of them is loaded first.
  const required = await names('(forget(), require(entry))', 'commonjs')
  for (const entry of subpaths) {
    t.ok(imported[entry]!.length > 0, `${entry} exports something: ${imported[entry]}`)
    t.same(required[entry], imported[entry], `require('${entry}') has what import has`)
  }

  // In processes of their own, where neither tap nor a TypeScript loader has a hand in it, and none has loaded it the other way.
  async function names (load: string, type: string): Promise<Record<string, string[]>> {
    const print = `const names = {}
function forget () { for (const path of Object.keys(require.cache)) if (path.includes('/dist/')) delete require.cache[path] }
for (const entry of process.argv.slice(1)) names[entry] = Object.keys(${load}).filter((name) => name !== '__esModule').sort()
console.log(JSON.stringify(names))`
    const { code, output } = await run(process.execPath, ['--no-warnings', `--input-type=${type}`, '-e', print, ...subpaths], { cwd: root, timeout: 20_000 })
    t.equal(code, 0, `${load}${code === 0 ? '' : output}`)
    return JSON.parse(output)
  }
})

t.test('the plugin is the default export and the one named apiKeyScopes', async (t) => {
  const imported = await import('fastify-api-key-scopes')
  const required = createRequire(import.meta.url)('fastify-api-key-scopes')
  t.type(imported.default, 'function')
  t.equal(imported.default, imported.apiKeyScopes)
  t.type(required.default, 'function')
  t.equal(required.default, required.apiKeyScopes)
})

t.test('what require gives can be handed to register as it is', async (t) => {
  const require = createRequire(import.meta.url)
  const plugin = require('fastify-api-key-scopes')
  const app = require('fastify')()
  t.teardown(() => app.close())
  const scopes = plugin.defineScopes({ 'clusters:read': 'List clusters' })
  app.register(plugin, { scopes, store: plugin.memoryStore(), keyPrefix: 'test' })
  app.get('/clusters', { config: { scopes: 'clusters:read' } }, async () => [])
  t.equal((await app.inject('/clusters')).statusCode, 401)
  t.ok(app.apiKeys)
})

t.test('the package depends on nothing but these', async (t) => {
  t.same(Object.keys(dependencies).sort(), ['@fastify/bearer-auth', '@fastify/error', 'commander', 'fastify-plugin', 'find-my-way', 'html-entities', 'yaml'])
})

t.test('tsconfig.json knows every entry', async (t) => {
  const { paths } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')).compilerOptions
  const sources = Object.entries<string[]>(paths).map(([entry, [source]]) => [entry, source])
  t.same(Object.fromEntries(sources), Object.fromEntries(subpaths.map((entry) => {
    const { import: { default: built } } = exports[entry === name ? '.' : entry.replace(name, '.')]
    return [entry, built.replace('dist/esm', 'lib').replace(/js$/, 'ts')]
  })))
})
