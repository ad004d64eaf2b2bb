import { confirm } from '../confirm.js'
import { timeOf } from '../record-text.js'
import { examples, type AddCommand } from '../run.js'
import { past } from '../values.js'

export const addPurge: AddCommand = (program, run) => {
  const command = program.command('purge')
    .summary('remove the records of keys that ended long ago')
    .description('Removes the records of keys that were revoked, or had expired, before a time. Until then they are kept. It always asks; where there is no terminal to ask on, it needs --yes.')
    .requiredOption('--older-than <duration>', 'how long ago they must have ended', past)
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', examples(
      ['api-key-scopes purge --older-than P1Y', 'What ended more than a year ago'],
      ['api-key-scopes purge --older-than P1Y --yes --json', 'The same, once a month and by itself']
    ))
    .action(async ({ olderThan, yes = false }: { olderThan: Date, yes?: boolean }) => {
      await run(command, {}, async ({ apiKeys, by, output, terminal }) => {
        await confirm(`The records of all keys that ended before ${timeOf(olderThan)} will be gone. Remove them?`, yes, terminal, output)
        const purged = await apiKeys.purge({ olderThan }, by)
        await output.result({ purged }, () => '')
        await output.note(`Removed ${purged === 1 ? 'one record' : `${purged} records`}.`)
      })
    })
}
