import { aboutApp, type AddAppCommand } from '../run-on-app.js'
import { examples } from '../run.js'

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
        // Other commands do not wait until it is loaded.
        const { checkLockFile, lockOf, writeLockFile } = await import('../lock-file.js')
        const lock = lockOf(app)
        await (given.check === true ? checkLockFile(lock, given.file, accepting(file, given), output) : writeLockFile(lock, given.file, output))
      })
    })
}

/** The command by which somebody accepts what there is. */
function accepting (app: string, { file, export: exported }: Given): string {
  return ['npx api-key-scopes lock', app, ...exported === undefined ? [] : ['--export', exported], ...file === 'scopes.lock.json' ? [] : ['--file', file]]
    .map((part, i) => i === 0 || /^[\w./:@=+-]+$/.test(part) ? part : `'${part.replaceAll('\'', '\'\\\'\'')}'`).join(' ')
}
