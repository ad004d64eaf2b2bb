// Puts what was measured (bench/results) into the tables of docs/scaling.md: node bench/stores/page.mjs
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const pathOf = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const json = (name) => JSON.parse(readFileSync(pathOf(`bench/results/${name}.json`), 'utf8'))

const runs = [['SQLite', json('stores-sqlite')], ['PostgreSQL', json('stores-postgres')]].flatMap(([store, sizes]) =>
  Object.values(sizes).filter(({ keys }) => keys >= 1_000_000).map((run) => ({ store, run })))
const traffic = json('traffic').rows
const memory = json('memory').rows

const tables = {
  polls: perRun({
    '`changes`, nothing new': (run) => spread(run.feed['changes, nothing new']),
    'while keys are revoked': (run) => spread(run.feed['changes, while keys are revoked']),
    '600 changes behind': (run) => spread(Object.entries(run.feed).find(([name]) => name.endsWith('behind'))?.[1])
  }),
  lookups: perRun({
    'from the disk': (run) => spread(run.lookups['from the disk']),
    'after opening again, the file in the memory of the system': (run) => spread(run.lookups['after opening again, in memory of the system']),
    'the same keys once more': (run) => spread(run.lookups['once more'])
  }),
  uses: perRun({
    'a batch of keys that were not used before': (run) => spread(run.usage['batch of 500 keys, first use']),
    'the same keys again': (run) => spread(run.usage['batch of 500 keys, used before']),
    'keys a second, of those': (run) => grouped(run.usage['batch of 500 keys, used before'].keysPerSecond),
    'the longest that the process did nothing else, in 100 batches': ({ usage }) => held(usage['batch of 500 keys, used before']),
    'lookups of another process, alone': (run) => spread(run.usage['lookups of another process, alone']),
    'lookups of another process, beside batches': (run) => spread(run.usage['lookups of another process, beside flushes'])
  }),
  sizes: perRun(Object.fromEntries(['table', 'index by id', 'index by digest', 'index by creation', 'index by owner', 'index of revoked ones'].map((part) =>
    [`${part}, bytes a key`, ({ bytes, keys }) => Math.round(bytes[part] / keys)]).concat([['all together', ({ bytes, keys }) => {
    const { file, ...parts } = bytes
    const sum = file ?? Object.values(parts).reduce((a, b) => a + b)
    return `${Math.round(sum / keys)}, or ${(sum / 2 ** 30).toFixed(1)} GiB`
  }]]))),
  calls: perRun({
    'one key is added': (run) => spread(run.inserts.insert),
    '`import`, keys a second': (run) => grouped(run.inserts.import.perSecond),
    '`revoke`': (run) => spread(run.feed.revoke),
    '`rotate`': (run) => spread(run.rotate),
    'list, an owner of ten keys': (run) => spread(run.lists['one owner of few keys']),
    'list, an owner of one key in 1,000, first page': (run) => spread(run.lists['one owner, first page']),
    'and all pages of that owner': (run) => spread(run.lists['one owner, all pages']),
    'list of all, first page': (run) => spread(run.lists['all, first page']),
    'the page after 99 % of all keys': (run) => spread(run.lists['all, after 99 %']),
    'revoked ones, first page': (run) => spread(run.lists['state revoked, first page']),
    'disabled ones, where there are none': (run) => once(run.lists['state disabled, of which there are none']),
    'expired ones, 1 in 100, first page': (run) => spread(run.lists['state expired, first page']),
    'expired ones, where there are none': (run) => once(run.lists['state expired, of which there are none']),
    '`revokeOwner`, 1 key in 1,000': ({ ends: { revokeOwner } }) => `${digits(revokeOwner.seconds)} s`,
    '`purge`, 1 key in 100': ({ ends: { purge } }) => purge && `${digits(purge.seconds)} s`,
    'the longest that the process did nothing else meanwhile': ({ ends: { purge } }) => held(purge),
    'keys that another process added meanwhile': ({ ends }) => spread(ends['inserts of another process, beside the purge'])
  }),
  traffic: [
    '| requests | keys in use | processes | every 10 s | every minute | every 10 minutes |', '|---|---|---|---|---|---|',
    ...['uniform', 'zipf'].flatMap((kind) => [1_000, 100_000, 10_000_000].flatMap((keys) => [1, 10, 100].map((processes) => {
      const cells = [10, 60, 600].map((interval) => {
        const row = traffic.find((row) => row.spread === kind && row.keys === keys && row.processes === processes && row.interval === interval)
        return `${grouped(row['key rows/s'])}${row['some forgotten'] ? ' *forgets*' : ''}`
      })
      return `| ${kind === 'uniform' ? 'evenly' : 'Zipf'} | ${grouped(keys)} | ${processes} | ${cells.join(' | ')} |`
    })))
  ],
  memory: [
    '| keys remembered | bytes each | resident memory of the process | a full collection of garbage | longest pause in 2,000,000 checks |', '|---|---|---|---|---|',
    ...memory.map((row) => `| ${grouped(row.remembered)} | ${grouped(row['bytes a key'])} | ${grouped(Math.round(row['rss, MiB']))} MiB | ${Math.round(row['one full GC, ms'])} ms | ${Math.round(row['GC in 2 M lookups, longest ms'])} ms |`)
  ],
  machine: runs.map(({ run: { store, keys, machine, measured } }) => `- ${grouped(keys)} keys: ${store.replace(/;.*/, '')}, Node ${machine.node.slice(1)}, ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGiB} GiB; ${measured.slice(0, 10)}`)
}

const page = pathOf('docs/scaling.md')
writeFileSync(page, readFileSync(page, 'utf8').replace(/(<!-- figures: (\w+) -->\n)[^]*?(<!-- end of figures -->)/g, (_, begin, name, end) => `${begin}${tables[name].join('\n')}\n${end}`))

/** A row for each of these, with a column for each store and size. */
function perRun (rows) {
  return [
    `| | ${runs.map(({ store, run }) => `${store}, ${run.keys / 1e6} M`).join(' | ')} |`,
    `|---|${runs.map(() => '---|').join('')}`,
    ...Object.entries(rows).map(([title, cell]) => `| ${title} | ${runs.map(({ run }) => cell(run) ?? '').join(' | ')} |`)
  ]
}

function spread (times) {
  return times && `${digits(times.p50)} / ${digits(times.p99)}`
}

function once (times) {
  return times && digits(times.p50)
}

function held (times) {
  return times?.eventLoopHeldUpMs && `${Math.round(times.eventLoopHeldUpMs)} ms`
}

function digits (milliseconds) {
  return milliseconds >= 100 ? grouped(Math.round(milliseconds)) : String(Number(milliseconds.toPrecision(2)))
}

function grouped (number) {
  return number.toLocaleString('en', { maximumFractionDigits: number < 10 ? 1 : 0 })
}
