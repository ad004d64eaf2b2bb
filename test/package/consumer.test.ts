import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { blocksOf } from './markdown-blocks.js'
import { run } from './run.js'

// The package as its users get it: packed, installed into an empty project, and used as the README says.

const root = fileURLToPath(new URL('../..', import.meta.url))
const ours = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const quickStart = blocksOf(root, 'README.md').find((block) => block.heading === 'Quick start' && block.language === 'ts')

const WRONG = `
import Fastify from 'fastify'
import 'fastify-api-key-scopes'
const app = Fastify()
// @ts-expect-error a scope that is not in the catalog
app.get('/1', { config: { scopes: 'no:such' } }, async () => 1)
// @ts-expect-error one of several
app.get('/2', { config: { scopes: ['no:such'] } }, async () => 2)
// @ts-expect-error one of several alternatives
app.get('/3', { config: { scopes: { anyOf: ['no:such'] } } }, async () => 3)
// @ts-expect-error scopes
app.get('/4', { config: { scope: [] } }, async () => 4)
// @ts-expect-error anyOf
app.get('/5', { config: { scopes: { anyof: [] } } }, async () => 5)
// @ts-expect-error userOnly
app.get('/6', { config: { useronly: true } }, async () => 6)
// @ts-expect-error a key with a scope that is not in the catalog
void app.apiKeys.create({ name: 'ci', ownerId: 'u1', scopes: ['no:such'] })
app.get('/7', { config: { scopes: [] } }, async () => 7)
`

const SUBPATHS = `
import { jwtSessions } from 'fastify-api-key-scopes/jwt'
import { postgresStore } from 'fastify-api-key-scopes/postgres'
import { apiKeyRoutes } from 'fastify-api-key-scopes/routes'
import { storeConformance } from 'fastify-api-key-scopes/testing'
export const all = [jwtSessions, apiKeyRoutes, postgresStore, storeConformance]
`

const CONFIG = `
import { defineScopes } from 'fastify-api-key-scopes'
import { sqliteStore } from 'fastify-api-key-scopes/sqlite'
const scopes = defineScopes({ full: { includes: '*' } }, { defaultGrant: ['full'] })
export default { scopes, store: sqliteStore('keys.db'), keyPrefix: 'acme' }
`

t.test('the quick start compiles and runs', async (t) => {
  const project = mkdtempSync(join(tmpdir(), 'consumer-'))
  t.teardown(() => rmSync(project, { recursive: true }))
  const npm = async (t: Test, ...args: string[]) => {
    const { code, output } = await run('npm', args, { cwd: project, timeout: 100_000 })
    t.equal(code, 0, `npm ${args[0]}${code === 0 ? '' : output}`)
  }

  await t.test('the packed package installs', async (t) => {
    writeFileSync(join(project, 'package.json'), '{ "private": true }')
    await npm(t, 'pack', root, '--ignore-scripts')
    const tools = ['fastify', 'jose', 'libsql', '@types/node', 'typescript'].map((tool) => {
      return tool === 'typescript' ? ours.devDependencies['@typescript/native'].replace('npm:', '') : `${tool}@${ours.devDependencies[tool]}`
    })
    await npm(t, 'install', '--prefer-offline', '--no-audit', '--no-fund', `${ours.name}-${ours.version}.tgz`, ...tools)
  })

  const code = quickStart!.code
  await t.test('as an ES module', async (t) => await compilesAndRuns(t, 'module', code))
  await t.test('as CommonJS', async (t) => {
    // No top-level await there: what follows the declaration of `Register` goes into a function.
    const [all, top, rest] = /^([^]*?^declare module [^]*?^}$)([^]*)$/m.exec(code) ?? []
    t.ok(all, 'the quick start declares Register')
    await compilesAndRuns(t, 'commonjs', `${top}\nasync function main () {${rest}}\nvoid main()\n`)
  })

  await t.test('the command line is installed with it', async (t) => {
    writeFileSync(join(project, 'api-key-scopes.config.mjs'), CONFIG)
    const start = async (command: string, ...args: string[]) => await run(command, args, { cwd: project, timeout: 20_000 })
    t.match(await start('npx', '--no-install', 'api-key-scopes', '--version'), { code: 0, output: ours.version })
    // What npx starts.
    const program = join(project, 'node_modules/.bin/api-key-scopes')
    t.match(await start(program, 'create', '--name', 'ci-deploy'), { code: 0, output: /^acme_\w{38}$/m })
    t.match(await start(program, 'list'), { code: 0, output: / ci-deploy / })
    t.match(await start(program, 'show', 'no-such'), { code: 3, output: /there is no API key/ })
  })

  async function compilesAndRuns (t: Test, type: string, code: string): Promise<void> {
    const folder = join(project, type)
    mkdirSync(folder)
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type }))
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({
      compilerOptions: { target: 'es2023', strict: true, types: ['node'], skipLibCheck: false, rootDir: '.', outDir: 'out' }
    }))
    writeFileSync(join(folder, 'quick-start.ts'), code)
    writeFileSync(join(folder, 'wrong.ts'), WRONG)
    writeFileSync(join(folder, 'subpaths.ts'), SUBPATHS)

    // node16 knows nothing of requiring ES modules, such as jose; nodenext comes last, for what it writes is run.
    for (const module of ['node16', 'nodenext']) {
      const compiled = await run(process.execPath, [join(project, 'node_modules/typescript/bin/tsc'), '-p', folder, '--module', module, '--singleThreaded'], { cwd: folder, timeout: 60_000 })
      t.equal(compiled.code, 0, `with ${module} it compiles, and nothing that is wrong does${compiled.code === 0 ? '' : compiled.output}`)
    }
    writeFileSync(join(folder, 'out/package.json'), JSON.stringify({ type }))
    const idle = join(root, 'test/package/idle-servers.mjs')
    const ran = await run(process.execPath, ['--import', idle, 'out/quick-start.js'], { cwd: folder, timeout: 20_000 })
    t.equal(ran.code, 0, `it runs${ran.code === 0 ? '' : ran.output}`)
  }
})
