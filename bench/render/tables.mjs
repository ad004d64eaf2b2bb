// The tables of docs/benchmarks.md, from what stands in bench/results. The same results always make the same text.

/** By the name that stands in the page's marks: which results it is made of, and how. */
export const TABLES = {
  http: ['http', httpTable],
  versions: ['http', versionsTable],
  micro: ['micro', microTable],
  scaling: ['scaling', scalingTable],
  'start-up': ['start-up', startUpTable]
}

function httpTable ({ rows }) {
  const groups = [...new Set(rows.map(({ group }) => group))]
  return groups.map(group => `**${group}**\n\n${table(
    ['route', 'throughput, of bare', 'CPU, of bare', 'CPU, µs', 'p99, ms', 'processes'],
    rows.filter(row => row.group === group).map(row => [
      row.title ?? row.name, spreadOf(row.throughputRatio, 3), spreadOf(row.cpuRatio, 3), spreadOf(row.cpuMicroseconds, 1), medianOf(row.p99Milliseconds).toFixed(2), String(row.processes)
    ])
  )}`).join('\n\n')
}

function versionsTable ({ versions, settings }) {
  return `${table(['package', 'version'], Object.entries(versions))}\n\nSettings: ${Object.entries(settings).map(([name, value]) => `${name} ${value}`).join(', ')}.`
}

function microTable ({ rows }) {
  return table(['what', 'keys, or scopes', 'a call'], rows.map(({ name, size, nanoseconds }) => [name, size === 1 ? '' : count(size), duration(nanoseconds)]))
}

const GROWING = {
  scopes: 'scopes in the catalog',
  grant: 'scopes in the grant',
  keys: 'keys cached',
  store: 'keys in the store, 1,000 of them in use',
  routes: 'routes: a request by `app.inject`'
}

function scalingTable ({ rows }) {
  return table(['what grows', 'to', 'a check', 'the same request on bare Fastify', 'ratio'], rows.map(({ name, size, nanoseconds, without, ratio }) =>
    [GROWING[name], count(size), duration(nanoseconds), without === undefined ? '' : duration(without), ratio === undefined ? '' : spreadOf(ratio, 2)]))
}

const VARIANTS = { bare: 'bare Fastify', imported: 'bare, with the package loaded', plugin: 'with the plugin', 'without findings': 'with `logFindings: false`' }

function startUpTable ({ rows }) {
  return table(['routes', 'app', 'start, ms', 'start, ratio', 'CPU, ms', 'CPU, ratio'], rows.map(({ routes, variant, milliseconds, ratio, cpuMilliseconds, cpuRatio }) =>
    [count(routes), VARIANTS[variant], spreadOf(milliseconds, 0), variant === 'bare' ? '' : spreadOf(ratio, 2), spreadOf(cpuMilliseconds, 0), variant === 'bare' ? '' : spreadOf(cpuRatio, 2)]))
}

export function measuredOn ({ node, cpu, date, load }) {
  return `Measured on ${date.slice(0, 10)}, Node ${node.replace('v', '')}, ${cpu}${load === undefined ? '' : `, load average ${load.toFixed(1)} at the end`}.`
}

function table (titles, rows) {
  const line = cells => `| ${cells.map(cell => String(cell).replaceAll('|', '\\|')).join(' | ')} |`
  return [line(titles), line(titles.map((_, i) => i === 0 ? '---' : '---:')), ...rows.map(line)].join('\n')
}

function spreadOf ({ median, low, high }, digits) {
  return `${median.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`
}

function medianOf (figure) {
  return typeof figure === 'number' ? figure : figure.median
}

function count (number) {
  return number.toLocaleString('en')
}

const UNITS = [[1e6, 'ms'], [1e3, 'µs'], [1, 'ns']]

/** `1.23 µs (1.2 to 1.3)`, in one unit, to three digits. */
function duration ({ median, low, high }) {
  const [size, unit] = UNITS.find(([size]) => median >= size) ?? UNITS.at(-1)
  const text = nanoseconds => String(Number((nanoseconds / size).toPrecision(3)))
  return `${text(median)} ${unit} (${text(low)} to ${text(high)})`
}
