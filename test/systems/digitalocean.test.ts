// What the page says, for every scope and every route, against the example over HTTP.
import t from 'tap'
import { buildApp } from '../../examples/digitalocean/app.js'
import { conform } from './conformance.js'
import { denied, opens, ROWS, WATCH } from './digitalocean.page.js'
import { requires } from './digitalocean.requires.js'
import { OPERATIONS } from './digitalocean.routes.js'
import { SCOPES } from './digitalocean.scopes.js'
import { cannotPaste, pasted } from './walkthrough.js'

t.test('every scope of the page opens operations of its own', async (t) => {
  t.equal(Object.keys(SCOPES).length, 126)
  const aliases = ['api:write', 'api:read', 'functions:admin', 'spaces_keys:create']
  const shared = ['spaces_key:create', 'spaces_key:create_credentials', 'droplet:admin']
  t.same(Object.keys(SCOPES).filter(scope => !(scope in OPERATIONS)).sort(), [...aliases, ...shared].sort())
  for (const scope of shared) t.ok(ROWS.some(({ needs }) => [...needs].flat().includes(scope)), scope)
})

t.test('every grant and every row', async t => conform(t, {
  realm: 'digitalocean',
  rows: ROWS,
  scopes: Object.keys(SCOPES),
  opens,
  requires,
  denied,
  buildApp,
  keysPath: '/v2/api-keys',
  watch: WATCH
}))

t.test('the commands that are printed do what the page says', { skip: cannotPaste }, async (t) => {
  const { answers, output, log } = await pasted('digitalocean', t)
  t.match(output, /^DigitalOcean API on /)
  t.same(answers.map(({ status }) => status), [
    200, 403, 200, 201,
    400,
    202, 403, 202,
    201, 403, 403,
    200, 403,
    200, 200,
    403, 401
  ])
  const texts = answers.map(({ text }) => text)
  t.match(texts[6], 'API key missing required scope: tag:create')
  t.match([texts[9], texts[10]], [/missing required scope: droplet:admin/, /missing required scope: droplet:create/])
  t.match(texts[12], 'API key missing required scope: function:admin')
  t.notMatch(texts[13], 'password')
  t.match(texts[14], '"password":"not-really-a-secret"')
  t.notMatch(texts.join(), /dop_v1_\w{5}/, 'no key is shown')
  t.equal(log, '')
})
