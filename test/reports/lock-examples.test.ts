// The lock files of the examples, and what there is to find in them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { inProcess, json, root } from '../cli/set-up.js'

const EXAMPLES = ['skaledata', 'miru', 'digitalocean', 'defined-networking', 'inspecto']

for (const name of EXAMPLES) {
  const app = `examples/${name}/for-cli.ts`
  const file = `examples/${name}/scopes.lock.json`

  t.test(`the lock file of ${name} is what would be written`, async t => {
    const checked = json(await inProcess(['lock', app, '--file', file, '--check', '--json']))
    t.strictSame(checked.changes, { same: true, routes: [], scopes: [], grants: [] })
    t.equal(checked.written, false)
    t.equal(checked.routes, JSON.parse(readFileSync(join(root, file), 'utf8')).routes.length)
  })

  t.test(`there is nothing to find in ${name}`, async t => {
    t.strictSame(json(await inProcess(['findings', app, '--fail', '--json'])), { findings: [] })
  })
}
