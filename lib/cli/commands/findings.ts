import { CliError } from '../errors.js'
import { aboutApp, type AddAppCommand } from '../run-on-app.js'
import { examples } from '../run.js'
import { table } from '../table.js'

interface Given { readonly keys?: boolean, readonly fail?: boolean }

export const addFindings: AddAppCommand = (program, run) => {
  const command = aboutApp(program.command('findings'))
    .summary('tell what is allowed about scopes, and probably not meant')
    .description('Tells what is allowed and probably not meant: scopes that no route demands, scopes that a route names in vain, routes that read and demand a scope for writing, and so on. The app does not listen, and its store is opened for --keys alone.')
    .option('--keys', 'also which keys have scopes that are deprecated, or that the catalog does not have: reads all keys from the store')
    .option('--fail', 'exit with 1 if there is anything')
    .addHelpText('after', examples(
      ['api-key-scopes findings app.js', 'What could be put in order'],
      ['api-key-scopes findings app.js --keys --json | jq -r \'.findings[] | select(.kind == "deprecated-granted").keys[]\'', 'Who has to be told of new names of scopes']
    ))
    .action(async (file: string, { keys = false, fail = false }: Given) => {
      await run(command, file, { store: keys }, async ({ app: { apiKeys }, output }) => {
        const findings = keys ? await apiKeys.findings({ keys: true }) : apiKeys.findings()
        await output.result({ findings }, () => findings.length === 0 ? '' : table(['KIND', 'FINDING'], findings.map(({ kind, message }) => [kind, message])))
        if (findings.length === 0) await output.note('Nothing was found.')
        else if (fail) throw new CliError('CLI_FAILED', findings.length === 1 ? 'there is 1 finding' : `there are ${findings.length} findings`)
      })
    })
}
