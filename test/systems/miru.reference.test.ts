// The reference of the example holds every row of the page.
import t from 'tap'
import { buildApp } from '../../examples/miru/app.js'
import { opens, RESOURCES, ROWS, SCOPES } from './miru.page.js'
import { holdsThePage } from './reference.js'

t.test('every row of the page', async t => {
  const headings = Object.fromEntries(Object.entries(RESOURCES).map(([heading, scopes]) => [heading, { sentence: '', scopes: Object.keys(scopes) }]))
  await holdsThePage(t, { buildApp, scopes: SCOPES, headings, opens, rows: ROWS })
})
