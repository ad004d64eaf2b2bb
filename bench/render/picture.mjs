// docs/benchmarks.svg: four curves and the bars of the throughput, readable on a light and on a dark page.

const WIDTH = 880
const PANEL = { width: 400, height: 190, left: 56, right: 14, top: 38, bottom: 40 }
const BAR = { height: 18, gap: 6, left: 330, right: 60 }

/** @param results by name, as they stand in bench/results; what is not there is left out. */
export function picture ({ http, scaling }) {
  const parts = []
  let y = 16
  if (scaling !== undefined) {
    for (const [i, panel] of panelsOf(scaling.rows).entries()) {
      parts.push(move(16 + (i % 2) * (PANEL.width + 32), y + Math.floor(i / 2) * (PANEL.height + 24), curves(panel)))
    }
    y += 2 * (PANEL.height + 24)
  }
  if (http !== undefined) {
    const rows = [...http.rows].sort((a, b) => b.throughputRatio.median - a.throughputRatio.median)
    parts.push(move(16, y + 8, bars(rows)))
    y += 8 + 34 + rows.length * (BAR.height + BAR.gap)
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 24}" width="${WIDTH}" height="${y + 24}" role="img" aria-label="What a check costs as keys, scopes, grants and routes grow, and the throughput of each variant beside bare Fastify">
<style>
  svg { background: #ffffff; color: #1f2328; --soft: #59636e; --grid: #d8dee4; --one: #0b5fb8; --two: #b35900 }
  @media (prefers-color-scheme: dark) { svg { background: #0d1117; color: #e6edf3; --soft: #9198a1; --grid: #30363d; --one: #6cb2ff; --two: #f0a35e } }
  text { font: 12px system-ui, sans-serif; fill: currentColor } .title { font-weight: 600; font-size: 13px } .soft { fill: var(--soft) } .grid { stroke: var(--grid) }
  .one { stroke: var(--one) } .two { stroke: var(--two) } .line { fill: none; stroke-width: 2 } .range { stroke-width: 1.5; opacity: .6 }
  .bar { fill: var(--one) } .ours { fill: var(--two) } .fill-one { fill: var(--one) } .fill-two { fill: var(--two) }
</style>
${parts.join('\n')}
</svg>
`
}

/** The panels in which curves are shown, each with one or two. */
function panelsOf (rows) {
  const of = (name, figure = 'nanoseconds') => rows.filter(row => row.name === name && row[figure] !== undefined).map(row => ({ at: row.size, ...row[figure] }))
  return [
    { title: 'Keys', unit: 'ns', per: 1, series: [['cached', of('keys')], ['in the store', of('store')]] },
    { title: 'Scopes in the catalog', unit: 'ns', per: 1, series: [['a check', of('scopes')]] },
    { title: 'Scopes in the grant', unit: 'ns', per: 1, series: [['a check', of('grant')]] },
    { title: 'Routes, whole requests', unit: 'µs', per: 1000, series: [['with the plugin', of('routes')], ['bare', of('routes', 'without')]] }
  ]
}

function curves ({ title, unit, per, series }) {
  const points = series.flatMap(([, points]) => points)
  const sizes = [...new Set(points.map(({ at }) => at))].sort((a, b) => a - b)
  const [first, last] = [Math.log(sizes[0]), Math.log(sizes.at(-1))]
  const ceiling = roundUp(Math.max(...points.map(({ high }) => high)) / per)
  const inner = { width: PANEL.width - PANEL.left - PANEL.right, height: PANEL.height - PANEL.top - PANEL.bottom }
  const x = at => PANEL.left + (Math.log(at) - first) / (last - first) * inner.width
  const y = figure => PANEL.top + inner.height * (1 - figure / per / ceiling)
  const grid = [0, 0.5, 1].map(share => {
    const at = PANEL.top + inner.height * (1 - share)
    return `<line class="grid" x1="${PANEL.left}" x2="${PANEL.width - PANEL.right}" y1="${n(at)}" y2="${n(at)}"/>${text(PANEL.left - 6, at + 4, n(ceiling * share), 'soft', 'end')}`
  })
  const ticks = sizes.map(size => text(x(size), PANEL.height - PANEL.bottom + 18, short(size), 'soft', 'middle'))
  const lines = series.map(([, points], i) => {
    const kind = ['one', 'two'][i]
    const ranges = points.map(({ at, low, high }) => `<line class="range ${kind}" x1="${n(x(at))}" x2="${n(x(at))}" y1="${n(y(low))}" y2="${n(y(high))}"/>`)
    const dots = points.map(({ at, median }) => `<circle class="fill-${kind}" cx="${n(x(at))}" cy="${n(y(median))}" r="3"/>`)
    return `${ranges.join('')}<polyline class="line ${kind}" points="${points.map(({ at, median }) => `${n(x(at))},${n(y(median))}`).join(' ')}"/>${dots.join('')}`
  })
  const legend = series.map(([name], i) => `<tspan class="fill-${['one', 'two'][i]}">${i > 0 ? '  ' : ''}● ${name}</tspan>`).join('')
  return `${text(0, 14, `${title}, ${unit}`, 'title')}<text x="${PANEL.width - PANEL.right}" y="14" text-anchor="end" xml:space="preserve">${legend}</text>${grid.join('')}${ticks.join('')}${lines.join('')}`
}

function bars (rows) {
  const longest = WIDTH - 32 - BAR.left - BAR.right
  const most = Math.max(1, ...rows.map(({ throughputRatio }) => throughputRatio.median))
  const drawn = rows.map(({ title, name, throughputRatio: { median } }, i) => {
    const y = 30 + i * (BAR.height + BAR.gap)
    const isOurs = name.startsWith('ours')
    const label = isOurs && !title.startsWith('ours') ? `ours, first use, ${title}` : title
    return `${text(BAR.left - 8, y + 13, label, '', 'end')}<rect class="${isOurs ? 'ours' : 'bar'}" x="${BAR.left}" y="${y}" width="${n(Math.max(1, median / most * longest))}" height="${BAR.height}" rx="2"/>${text(BAR.left + median / most * longest + 6, y + 13, median.toFixed(2), 'soft')}`
  })
  return `${text(0, 14, 'Throughput, as a share of bare Fastify', 'title')}${drawn.join('')}`
}

function move (x, y, content) {
  return `<g transform="translate(${n(x)} ${n(y)})">${content}</g>`
}

function text (x, y, content, kind, anchor = 'start') {
  return `<text x="${n(x)}" y="${n(y)}"${kind === '' ? '' : ` class="${kind}"`} text-anchor="${anchor}">${escaped(String(content))}</text>`
}

function escaped (content) {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}

/** With one decimal at most. */
function n (number) {
  return String(Math.round(number * 10) / 10)
}

function short (size) {
  return size >= 1e6 ? `${size / 1e6} M` : size >= 1e3 ? `${size / 1e3} k` : String(size)
}

/** The next of 1, 2, 3, 4, 5, 6, 8, 10, times a power of ten. */
function roundUp (figure) {
  const power = 10 ** Math.floor(Math.log10(figure))
  return [1, 2, 3, 4, 5, 6, 8, 10].find(step => step * power >= figure) * power
}
