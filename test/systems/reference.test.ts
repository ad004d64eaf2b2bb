// The reference of each example holds every row of its page.
import t from 'tap'
import * as definedNetworking from './defined-networking.page.js'
import * as digitalocean from './digitalocean.page.js'
import { completed } from './digitalocean.requires.js'
import { SCOPES } from './digitalocean.scopes.js'
import * as inspecto from './inspecto.page.js'
import * as miru from './miru.page.js'
import { holdsThePage, type CompanyPage } from './reference.js'
import * as skaledata from './skaledata.page.js'

const PAGES: Readonly<Record<string, Omit<CompanyPage, 'buildApp'>>> = {
  'defined-networking': {
    scopes: Object.assign({}, ...Object.values(definedNetworking.RESOURCES).map(({ scopes }) => scopes)),
    headings: Object.fromEntries(Object.entries(definedNetworking.RESOURCES).map(([heading, { sentence, scopes }]) => [heading, { sentence, scopes: Object.keys(scopes) }])),
    opens: definedNetworking.opens,
    rows: definedNetworking.ROWS
  },
  digitalocean: {
    scopes: SCOPES,
    // "they map to the Read Only and Full Access options on the token creation page"
    presets: { 'Read Only': ['api:read'], 'Full Access': ['api:write'] },
    spellings: digitalocean.SPELLINGS,
    opens: digitalocean.opens,
    requires: scope => completed(scope),
    // 'Additionally Required Permission', by the type of the action: of several Droplets at once as of one.
    rows: [...digitalocean.ROWS, ...['droplet:create', 'droplet:admin'].map(scope => ({ route: 'POST /v2/droplets/actions', needs: [['droplet:update', scope]], base: ['droplet:update'] }))]
  },
  inspecto: {
    scopes: inspecto.SCOPES,
    future: Object.fromEntries(Object.entries(inspecto.FUTURE).map(([scope, { status, description }]) => [scope, { status: status.toLowerCase().replace(' ', '-'), description }])),
    opens: inspecto.opens,
    rows: inspecto.ROWS
  },
  miru: {
    scopes: miru.SCOPES,
    headings: Object.fromEntries(Object.entries(miru.RESOURCES).map(([heading, scopes]) => [heading, { sentence: '', scopes: Object.keys(scopes) }])),
    opens: miru.opens,
    rows: miru.ROWS
  },
  skaledata: {
    scopes: skaledata.SCOPES,
    presets: skaledata.COMBINATIONS,
    defaultGrant: ['full'],
    // "can call any endpoint that accepts API key auth"
    opens: scope => scope === 'full' ? Object.keys(skaledata.SCOPES) : [scope],
    rows: skaledata.ROWS.map(({ route, needs }) => ({ route, needs: needs === 'user' ? needs : needs === 'nothing' ? 'public' : needs === 'any key' ? [[]] : [[needs]] }))
  }
}

for (const [name, page] of Object.entries(PAGES)) {
  t.test(`${name}: every row of the page`, async t => {
    // By a name that the compiler does not see: each example registers its own scopes, and two cannot be in one program.
    const { buildApp } = await import(`../../examples/${name}/app.js`)
    // The issuer of skaledata's sessions is asked nothing here.
    await holdsThePage(t, { ...page, buildApp: async options => await buildApp({ ...options, issuer: 'http://127.0.0.1:3001' }) })
  })
}
