import { existsSync, readFileSync } from 'node:fs'
import { compareLocks, type LockComparison } from '../../reports/lock-comparison.js'
import { comparisonSummary, comparisonText } from '../../reports/lock-comparison-text.js'
import { readLock } from '../../reports/lock-reading.js'
import { lockText } from '../../reports/lock-text.js'
import { lockOf, type Lock } from '../../reports/lock.js'
import { CliError, messageOf, wrong } from '../errors.js'
import type { Output } from '../output.js'
import { aboutApp, type AddAppCommand } from '../run-on-app.js'
import { examples } from '../run.js'
import { harmless } from '../text.js'
import { writeWhole } from '../write-file.js'

interface Given { readonly file: string, readonly check?: true, readonly export?: string }

export const addLock: AddAppCommand = (program, run) => {
  const command = aboutApp(program.command('lock'))
    .summary('write down who may call what, or check that it is what was written down')
    .description('Writes who may call each route of an app to a file, which is committed and reviewed like source, and tells what has changed in it. With --check it writes nothing, and fails if something has changed. The app does not listen, and its store is not opened.')
    .option('--file <file>', 'the lock file', 'scopes.lock.json')
    .option('--check', 'write nothing; exit with 1 if the file is not what would be written')
    .addHelpText('after', examples(
      ['api-key-scopes lock app.js', 'Write scopes.lock.json, to be committed'],
      ['api-key-scopes lock app.js --check', 'In CI: does a change let anybody in who was kept out?']
    ))
    .action(async (file: string, given: Given) => {
      await run(command, file, {}, async ({ app, output }) => {
        const lock = lockOf(app)
        await (given.check === true ? check(lock, given, accepting(file, given), output) : write(lock, given, output))
      })
    })
}

async function check (lock: Lock, { file }: Given, toCopy: string, output: Output): Promise<void> {
  const text = textIn(file)
  if (text === undefined) throw new CliError('CLI_FAILED', `there is no ${file} to check against; write it, and commit it:`, { toCopy })
  const comparison = compareLocks(readOrFail(text, file, toCopy), lock)
  await tell(comparison, { file, written: false }, lock, output)
  if (!comparison.same) throw new CliError('CLI_FAILED', `${file} is not who may call what: ${comparisonSummary(comparison)}. If that is meant, accept it, and commit it:`, { toCopy })
}

async function write (lock: Lock, { file }: Given, output: Output): Promise<void> {
  const text = textIn(file)
  // What stands under the name of a lock is not to be lost by a slip of the hand.
  if (text !== undefined && !text.includes('"lockVersion"')) throw wrong(`${file} is there, and is no lock file; nothing was written`)
  const before = text === undefined ? null : await readOrWarn(text, file, output)
  const comparison = before === null ? null : compareLocks(before, lock)
  const written = comparison?.same !== true
  if (written) writeWhole(file, lockText(lock))
  await tell(comparison, { file, written }, lock, output)
}

async function tell (comparison: LockComparison | null, { file, written }: { readonly file: string, readonly written: boolean }, { routes }: Lock, output: Output): Promise<void> {
  const count = `${routes.length} ${routes.length === 1 ? 'route' : 'routes'}`
  const summary = comparison === null ? `${file}: ${count} written` : `${file}: ${count}, ${comparisonSummary(comparison)}`
  await output.result({ file, written, routes: routes.length, changes: comparison }, () => {
    const changes = comparison === null ? '' : comparisonText(comparison).split('\n').map(harmless).join('\n')
    return `${changes === '' ? '' : `${changes}\n`}${harmless(summary)}\n`
  })
}

function textIn (file: string): string | undefined {
  try {
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined
  } catch (error) {
    throw wrong(`${file} cannot be read: ${messageOf(error)}`, error)
  }
}

function readOrFail (text: string, file: string, toCopy: string): Lock {
  try {
    return readLock(text)
  } catch (error) {
    throw new CliError('CLI_FAILED', `${file} ${whyBad(error)}. Write it anew, look at what that changes, and commit it:`, { cause: error, toCopy })
  }
}

async function readOrWarn (text: string, file: string, output: Output): Promise<Lock | null> {
  try {
    return readLock(text)
  } catch (error) {
    await output.warning(`${file} ${whyBad(error)}. It is written anew, and what has changed cannot be told: look at the difference before you commit it`)
    return null
  }
}

/** What is wrong with a lock file, without its name and without what to do. */
function whyBad (error: unknown): string {
  return messageOf(error).replace(/^the lock file /, '').replace(/; write it anew with: .*$/, '')
}

/** The command by which somebody accepts what there is. */
function accepting (app: string, { file, export: exported }: Given): string {
  return ['npx api-key-scopes lock', app, ...exported === undefined ? [] : ['--export', exported], ...file === 'scopes.lock.json' ? [] : ['--file', file]]
    .map((part, i) => i === 0 || /^[\w./:@=+-]+$/.test(part) ? part : `'${part.replaceAll('\'', '\'\\\'\'')}'`).join(' ')
}
