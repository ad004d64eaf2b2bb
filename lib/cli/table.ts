import { harmless, widthOf } from './text.js'

/** Columns under their titles. */
export function table (titles: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  return columns([titles, ...rows])
}

/** Names and what they are, one a line. A list stands below itself. */
export function fields (values: ReadonlyArray<readonly [name: string, value: string | readonly string[]]>): string {
  return columns(values.flatMap(([name, value]) => {
    const lines = typeof value === 'string' ? [value] : value.length === 0 ? ['none'] : value
    return lines.map((line, i) => [i === 0 ? name : '', line])
  }))
}

/** Nothing that stands in a cell can leave it. */
export function columns (rows: ReadonlyArray<readonly string[]>): string {
  const lines = rows.map(row => row.map(cell => harmless(cell)))
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map(line => widthOf(line[column]!))))
  return lines.map(line => `${line.map((cell, column) => cell + ' '.repeat(widths[column]! - widthOf(cell))).join('  ').trimEnd()}\n`).join('')
}
