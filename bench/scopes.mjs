// How the size of a catalog tells: on its definition, once at start, and on each decision. `npm run bench`
import { measure } from 'mitata'
import { defineScopes } from 'fastify-api-key-scopes'

const ACTIONS = ['read', 'list', 'create', 'update', 'delete', 'stage', 'deploy', 'archive', 'write']

/** Resources with ten scopes each, one of which is all of the resource; and aliases for all, and for all that only read. */
function catalogOf (size) {
  const entries = { full: { includes: '*' }, 'api:read': { includes: ['*:read', '*:list'], hidden: true } }
  for (let i = 0; Object.keys(entries).length < size; i++) {
    for (const action of ACTIONS) entries[`resource-${i}:${action}`] = { description: action, requires: action === 'read' ? [] : `resource-${i}:read` }
    entries[`resource-${i}:manage`] = { includes: `resource-${i}:*` }
  }
  return entries
}

/** The median time of a call, in nanoseconds. */
async function timeOf (call) {
  const { p50 } = await measure(call, { min_cpu_time: 300e6 })
  return p50
}

const rows = []
for (const size of [10, 100, 1_000, 10_000]) {
  const entries = catalogOf(size)
  const catalog = defineScopes(entries)
  const last = [...catalog.scopes.keys()].at(-2)
  const grants = {
    'allowed, by name': catalog.grant([last]),
    'allowed, by *': catalog.grant(['full']),
    'allowed, of 20 scopes': catalog.grant([...[...catalog.scopes.keys()].slice(2, 21), last]),
    refused: catalog.grant(['resource-0:list'])
  }
  const requirement = catalog.requirement(last)
  const row = { scopes: catalog.scopes.size, 'define, ms': await timeOf(() => defineScopes(entries)) / 1e6 }
  for (const [title, grant] of Object.entries(grants)) {
    if ((requirement.missing(grant) === null) !== title.startsWith('allowed')) throw new Error(`${title} is not`)
    // One call is too short to be timed.
    row[`${title}, ns`] = await timeOf(() => { for (let i = 0; i < 1000; i++) requirement.missing(grant) }) / 1000
  }
  row['resolve a grant, µs'] = await timeOf(() => catalog.grant(['api:read', last])) / 1e3
  rows.push(row)
}

console.log(`Node ${process.version}, medians`)
console.table(rows.map(row => Object.fromEntries(Object.entries(row).map(([title, value]) => [title, Number(value.toPrecision(3))]))))
const [first, last] = [rows[0], rows.at(-1)]
for (const title of Object.keys(first).filter(title => title.endsWith(', ns'))) {
  console.log(`${title.replace(', ns', '')}: ${last.scopes} scopes take ${(last[title] / first[title]).toFixed(2)} times as long as ${first.scopes}`)
}
