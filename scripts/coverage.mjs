// node scripts/coverage.mjs [folder ...]
//
// Judges what the tests covered. Each folder holds what one run of tap left in .tap/coverage (the default).
// Several runs, one on each version of Node, count together: code is uncovered only if no run reached it.
// They are merged as V8 ranges, byte by byte, before lines and branches are derived from them, because two
// versions of V8 may cut the same function into different branches.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Report } from 'c8'
import ts from 'typescript'

const FLOORS = { 'lib/scopes': 100, 'lib/keys': 100, 'lib/http': 100, 'the rest of lib': 95 }
const KINDS = ['lines', 'branches', 'functions']

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)
const folders = process.argv.length > 2 ? process.argv.slice(2) : ['.tap/coverage']
const files = await coverageOf(folders)

let low = 0
console.log(`\n${'coverage, %'.padEnd(40)}${KINDS.map((kind) => kind.padStart(11)).join('')}`)
for (const [name, floor] of Object.entries(FLOORS)) {
  const members = files.filter((file) => groupOf(file) === name)
  if (members.length === 0) continue
  const total = members.map((file) => file.toSummary()).reduce((sum, one) => sum.merge(one))
  console.log(row(`${name} (at least ${floor})`, total))
  for (const file of members.filter((file) => gapsOf(file) !== '')) console.log(row(`  ${relative(root, file.path)}`, file.toSummary()))
  if (KINDS.some((kind) => total[kind].pct < floor)) low++
}
const gaps = files.filter((file) => gapsOf(file) !== '')
if (gaps.length > 0) console.log('\nnot reached by any test:')
for (const file of gaps) console.log(`  ${relative(root, file.path)}: ${gapsOf(file)}`)
console.log(low === 0 ? '\ncoverage is high enough' : `\ncoverage is too low in ${low} of the groups above`)
process.exitCode = low === 0 ? 0 : 1

async function coverageOf (folders) {
  mkdirSync('.build', { recursive: true })
  const all = mkdtempSync('.build/coverage-')
  try {
    for (const [run, folder] of folders.entries()) {
      for (const file of readdirSync(folder)) cpSync(join(folder, file), join(all, `${run}-${file}`))
    }
    // c8 also lists the files that no test loaded (`all`): as uncovered, except where there is nothing to run.
    const sources = readdirSync('lib', { recursive: true }).filter((file) => file.endsWith('.ts')).map((file) => join('lib', file))
    const report = new Report({
      tempDirectory: all,
      reporter: [],
      all: true,
      src: ['.'],
      extension: ['.ts'],
      include: ['lib/**/*.ts'],
      exclude: sources.filter(hasOnlyTypes),
      excludeNodeModules: true,
      resolve: ''
    })
    const map = await report.getCoverageMapFromAllCoverageFiles()
    return map.files().sort().map((path) => map.fileCoverageFor(path))
  } finally {
    rmSync(all, { recursive: true })
  }
}

function hasOnlyTypes (file) {
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, removeComments: true, verbatimModuleSyntax: true }
  const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), { compilerOptions: options })
  return outputText.replace(/export \{\};?/, '').trim() === ''
}

function groupOf (file) {
  const folder = Object.keys(FLOORS).find((name) => relative(root, file.path).startsWith(`${name}/`))
  return folder ?? 'the rest of lib'
}

function row (name, summary) {
  return name.padEnd(40) + KINDS.map((kind) => summary[kind].pct.toFixed(2).padStart(11)).join('')
}

// Uncovered lines, and lines with an uncovered branch or function, as `12-15, 20 (branch)`.
function gapsOf (file) {
  const lines = file.getUncoveredLines().map(Number).sort((a, b) => a - b)
  const spans = []
  for (const line of lines) {
    const last = spans.at(-1)
    if (last !== undefined && last[1] === line - 1) last[1] = line
    else spans.push([line, line])
  }
  const branches = Object.entries(file.b)
    .flatMap(([id, counts]) => counts.map((count, way) => count === 0 ? file.branchMap[id].locations[way].start.line : 0))
  const functions = Object.entries(file.f).map(([id, count]) => count === 0 ? file.fnMap[id].loc.start.line : 0)
  const extra = (numbers, what) => [...new Set(numbers)].filter((line) => line > 0 && !lines.includes(line)).map((line) => `${line} (${what})`)
  return [...spans.map(([from, to]) => from === to ? `${from}` : `${from}-${to}`), ...extra(branches, 'branch'), ...extra(functions, 'function')].join(', ')
}
