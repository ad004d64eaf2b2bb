// The reference of the example holds every row of the page.
import t from 'tap'
import { buildApp } from '../../examples/inspecto/app.js'
import { FUTURE, opens, ROWS, SCOPES } from './inspecto.page.js'
import { holdsThePage } from './reference.js'

t.test('every row of the page', async t => {
  const future = Object.fromEntries(Object.entries(FUTURE).map(([scope, { status, description }]) => [scope, { status: status.toLowerCase().replace(' ', '-'), description }]))
  await holdsThePage(t, { buildApp, scopes: SCOPES, future, opens, rows: ROWS })
})
