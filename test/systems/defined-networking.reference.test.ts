// The reference of the example holds every row of the page.
import t from 'tap'
import { buildApp } from '../../examples/defined-networking/app.js'
import { opens, RESOURCES, ROWS } from './defined-networking.page.js'
import { holdsThePage } from './reference.js'

t.test('every row of the page', async t => {
  const scopes: Record<string, string> = Object.assign({}, ...Object.values(RESOURCES).map(({ scopes }) => scopes))
  const headings = Object.fromEntries(Object.entries(RESOURCES).map(([heading, { sentence, scopes }]) => [heading, { sentence, scopes: Object.keys(scopes) }]))
  await holdsThePage(t, { buildApp, scopes, headings, opens, rows: ROWS })
})
