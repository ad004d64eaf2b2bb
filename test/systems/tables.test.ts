// Whole tables of operations, enforced over HTTP and compared answer by answer: invented ones, and other companies' own.
// With FULL_SIZE set, every row of the big ones is asked with every grant.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { SAMPLES } from './tables.samples.js'
import { checkTable, namesOf, type Operation, type Table } from './tables.js'

// Not part of this repository: files of `{ operations: [{ method, path, anyOfAllOf }] }`.
const folder = process.env.SCOPE_TABLES ?? fileURLToPath(new URL('../../../shared/realworld', import.meta.url))

for (const table of SAMPLES) t.test(`a table of ${table.name}`, async t => { await check(t, table) })

const isThere = existsSync(folder)
t.test('tables of other companies', { skip: !isThere && `LEFT OUT: there is no ${folder}; say where the tables are in SCOPE_TABLES` }, async t => {
  const tables = isThere ? tablesIn(t, folder) : []
  t.not(tables.length, 0)
  for (const table of tables) await t.test(table.name, async t => { await check(t, table) })
})

t.test('an operation that is enforced in any other way is found', async t => {
  for (const table of SAMPLES) {
    for (const operation of table.operations) {
      const alone = { ...table, operations: [operation], more: namesOf(table) }
      for (const changed of mutations(operation, namesOf(table))) {
        const { found } = await checkTable(alone, { ...alone, operations: [changed] })
        t.ok(found.length > 0, `${JSON.stringify(operation)}, enforced as ${JSON.stringify(changed)}`)
      }
    }
  }
})

async function check (t: Test, table: Table): Promise<void> {
  const { operations, scopes, grants, requests, notes, found } = await checkTable(table)
  t.same(found.slice(0, 20), [], `${requests} requests: ${operations} operations, ${scopes} scopes, ${grants} grants`)
  t.equal(operations, table.operations.length)
  t.comment(`${table.name}: ${operations} operations, ${scopes} scopes, ${grants} grants, ${requests} requests`)
  for (const note of notes) t.comment(note)
}

/** The same operation with something else than it needs, none of which means the same. */
function mutations (operation: Operation, names: readonly string[]): Operation[] {
  const { anyOfAllOf, conditional = [], userOnly, public: isPublic } = operation
  if (isPublic) return [{ ...operation, public: false }, { ...operation, public: false, userOnly: true }]
  if (userOnly) return [{ ...operation, userOnly: false }, { ...operation, anyOfAllOf: [] }, { ...operation, anyOfAllOf: [[names[0]!]] }]
  const others: Operation[] = [{ ...operation, public: true, conditional: [] }, { ...operation, userOnly: true, conditional: [] }]
  for (const [i, { scope }] of conditional.entries()) {
    others.push({ ...operation, conditional: conditional.toSpliced(i, 1) })
    others.push({ ...operation, conditional: conditional.with(i, { scope: names.find(name => name !== scope)! }) })
  }
  if (anyOfAllOf.length === 0 || anyOfAllOf.some(all => all.length === 0)) return [...others, { ...operation, anyOfAllOf: [[names[0]!]] }]

  for (const [i, all] of anyOfAllOf.entries()) {
    if (anyOfAllOf.length > 1) others.push({ ...operation, anyOfAllOf: anyOfAllOf.toSpliced(i, 1) })
    if (all.length > 1) others.push({ ...operation, anyOfAllOf: anyOfAllOf.with(i, all.slice(1)) })
    const strange = names.find(name => !anyOfAllOf.flat().includes(name))
    if (strange === undefined) continue
    others.push({ ...operation, anyOfAllOf: anyOfAllOf.with(i, all.with(0, strange)) })
    others.push({ ...operation, anyOfAllOf: anyOfAllOf.with(i, [...all, strange]) })
    others.push({ ...operation, anyOfAllOf: [...anyOfAllOf, [strange]] })
  }
  return others
}

interface TableFile {
  readonly operations: readonly Operation[]
  readonly stats?: { readonly operations: number, readonly distinct_scopes: number }
  readonly versions?: { readonly [version: string]: { readonly operations: ReadonlyArray<Omit<Operation, 'anyOfAllOf'> & { readonly scopes: readonly string[] }> } }
}

function tablesIn (t: Test, folder: string): Table[] {
  return readdirSync(folder).filter(file => file.endsWith('.json')).flatMap(file => {
    const name = basename(file, '.json')
    const { operations, stats, versions = {} } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as TableFile
    const counted = { operations: operations.length, distinct_scopes: namesOf({ name, operations }).length }
    t.match(stats ?? counted, counted, `${file} is read whole`)
    const older = Object.entries(versions).map(([version, { operations }]) => ({
      name: `${name} ${version}`,
      // All of them are needed, besides those that are conditional.
      operations: operations.map(({ scopes, ...operation }) => ({ ...operation, anyOfAllOf: scopes.length === 0 ? [] : [scopes] }))
    }))
    return [{ name, operations }, ...older].map(table => ({ ...table, ...RULES[name]?.(namesOf(table)) }))
  })
}

/** What the heads of the files say of their scopes. */
const RULES: { readonly [name: string]: (names: readonly string[]) => Partial<Table> } = {
  // "one permission + access level (read<write, ordered)"
  'github-app-permissions': names => {
    const readOf = (scope: string) => names.filter(name => scope.endsWith(':write') && name === scope.replace(/:write$/, ':read'))
    return { includes: readOf, opens: readOf }
  },
  // "the <resource>:manage superset also satisfies"
  miru: names => ({
    more: [...new Set(names.map(name => `${name.split(':')[0]}:manage`))],
    includes: scope => scope.endsWith(':manage') ? scope.replace('manage', '*') : [],
    opens: (scope, names) => scope.endsWith(':manage') ? names.filter(name => name.split(':')[0] === scope.split(':')[0]) : []
  })
}
