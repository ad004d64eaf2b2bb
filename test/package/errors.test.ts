import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import * as api from '../../lib/index.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = readFileSync(join(root, 'docs/errors.md'), 'utf8')
const sources = readdirSync(join(root, 'lib'), { recursive: true, withFileTypes: true })
  .filter(entry => entry.isFile())
  .map(entry => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
  .join('\n')

t.test('every error code of the package is explained in docs/errors.md', async t => {
  const codes = new Set(sources.match(/\bFST_(?:API_KEY|USER_SESSION)_[A-Z_]+/g))
  t.ok(codes.size > 15, `${codes.size} codes`)
  for (const code of codes) t.ok(page.includes(`\`${code}\``), code)
})

t.test('docs/errors.md explains no code that does not exist', async t => {
  for (const code of new Set(page.match(/\bFST_[A-Z_]+/g))) t.ok(sources.includes(code), code)
})

t.test('the status and the message of every denial stand in docs/errors.md as they are sent', async t => {
  const denials = [
    api.ApiKeyRequiredError, api.MalformedCredentialsError, api.InvalidApiKeyError, api.UserOnlyError, api.UserSessionRequiredError,
    api.UnannotatedRouteError, api.UserSessionUnavailableError, api.StoreUnavailableError, api.NoDecisionError
  ]
  for (const DenialError of denials) {
    const { statusCode, code, message } = new DenialError()
    t.ok(page.includes(`| ${statusCode} | \`${code}\` | \`${message}\` |`), code)
  }
})
