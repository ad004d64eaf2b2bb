// The reference of the example holds every row of the page.
import t from 'tap'
import { buildApp } from '../../examples/skaledata/app.js'
import { COMBINATIONS, ROWS, SCOPES } from './skaledata.page.js'
import { holdsThePage } from './reference.js'

t.test('every row of the page', async t => {
  await holdsThePage(t, {
    buildApp: async ({ store }) => await buildApp({ store, issuer: 'http://127.0.0.1:3001' }),
    scopes: SCOPES,
    presets: COMBINATIONS,
    defaultGrant: ['full'],
    // "can call any endpoint that accepts API key auth"
    opens: scope => scope === 'full' ? Object.keys(SCOPES) : [scope],
    rows: ROWS.map(({ route, needs }) => ({ route, needs: needs === 'user' ? needs : needs === 'nothing' ? 'public' : needs === 'any key' ? [[]] : [[needs]] }))
  })
})
