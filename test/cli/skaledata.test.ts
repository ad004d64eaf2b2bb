// The command line and the SkaleData example work on one store, while the example serves.
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { compiled, start } from '../systems/walkthrough.js'
import { blocksOf } from '../package/markdown-blocks.js'
import { aShell, inProcess, root } from './set-up.js'

/** Milliseconds; what the example leaves at its default. */
const MAX_STALENESS = 1000

t.test('what one does, the other sees', async t => {
  const dir = t.testdir()
  const db = join(dir, 'keys.db')
  const { url, log } = await start(t, 'skaledata', [...await compiled('skaledata'), '--port=0', '--issuer-port=0', `--db=${db}`, '--log-level=warn'])
  // The config of the example reads it when it is loaded.
  process.env.SKALEDATA_STORE = `sqlite:${db}`
  const cli = async (...args: string[]) => {
    const ran = await inProcess(['--config', join(root, 'examples/skaledata/api-key-scopes.config.ts'), ...args])
    t.equal(ran.code, 0, ran.stderr)
    return ran
  }
  const json = async (...args: string[]) => JSON.parse((await cli(...args, '--json')).stdout)
  const status = async (request: string, key: string) => {
    const [method, path] = request.split(' ') as [string, string]
    return (await fetch(url + path, { method, headers: { authorization: `Bearer ${key}` } })).status
  }

  const [block] = blocksOf(root, 'examples/skaledata/README.md').filter(({ heading }) => heading === 'From the command line')
  const { code, stdout, stderr } = await aShell(dir, {}, root)(block!.code)
  t.equal(code, 0, stderr)
  t.match(stdout, /^skale_\w{38}\n$/, 'the commands of its README')
  t.equal(await status('POST /billing/plan', stdout.trim()), 403, 'the example knows their key')

  const key = (await cli('create', '--name', 'ci-deploy', '--owner', 'alice', '--preset', 'Monitoring / dashboards', '--expires', 'P1D')).stdout.trim()
  t.equal(await status('GET /clusters', key), 200, 'a key made on the command line works at once')
  t.equal(await status('DELETE /clusters/staging', key), 403, 'and does no more than it was granted')
  const { records: [{ id }] } = await json('list', '--owner', 'alice')

  let usage
  do {
    await wait(500)
    usage = (await json('usage', id)).usage
  } while (usage.lastUsedAt === null)
  t.match(usage, { unusedScopes: ['apps:read', 'jobs:read'], smallestGrant: ['clusters:read'] }, 'its use is known once it was written')

  const successor = (await cli('rotate', id, '--grace', 'PT1H')).stdout.trim()
  await wait(MAX_STALENESS)
  t.equal(await status('GET /clusters', key), 200, 'the old key works in the grace period')
  t.equal(await status('GET /clusters', successor), 200, 'and so does the new one')

  const refused = await inProcess(['--store', `sqlite:${db}`, 'revoke', id])
  t.equal(refused.code, 4, 'it was used in the last 24 hours')
  await cli('revoke', id, '--yes', '--reason', 'all have changed over')
  await wait(MAX_STALENESS)
  t.equal(await status('GET /clusters', key), 401, 'a revoked key is refused')
  t.equal(await status('GET /clusters', successor), 200)

  await cli('revoke', '--owner', 'alice', '--yes')
  await wait(MAX_STALENESS)
  t.equal(await status('GET /clusters', successor), 401)
  t.match((await inProcess(['--store', `sqlite:${db}`, 'list', '--owner', 'alice', '--state', 'active'])).stderr, 'No keys.')
  t.equal(log(), '')
})
