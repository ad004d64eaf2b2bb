// The reference of the example holds every row of the page.
import t from 'tap'
import { buildApp } from '../../examples/digitalocean/app.js'
import { opens, ROWS, SPELLINGS } from './digitalocean.page.js'
import { completed } from './digitalocean.requires.js'
import { SCOPES } from './digitalocean.scopes.js'
import { holdsThePage } from './reference.js'

t.test('every row of the page', async t => {
  await holdsThePage(t, {
    buildApp,
    scopes: SCOPES,
    // "they map to the Read Only and Full Access options on the token creation page"
    presets: { 'Read Only': ['api:read'], 'Full Access': ['api:write'] },
    spellings: SPELLINGS,
    opens,
    requires: scope => completed(scope),
    // 'Additionally Required Permission', by the type of the action: of several Droplets at once as of one.
    rows: [...ROWS, ...['droplet:create', 'droplet:admin'].map(scope => ({ route: 'POST /v2/droplets/actions', needs: [['droplet:update', scope]], base: ['droplet:update'] }))]
  })
})
