import { Argument } from 'commander'
import { CliError } from '../errors.js'
import { examples, type AddCommand } from '../run.js'
import { inTime } from '../waiting.js'

export const addEpoch: AddCommand = (program, run) => {
  const command = program.command('epoch')
    .summary('make every process forget what it remembers of keys')
    .description('Begins a new epoch: within its maxStaleness, every process of the app forgets what it remembers of API keys, and reads them anew. No key is changed, so it does not ask. To be done once a backup of the store was restored, which tells nobody what has changed by that.')
    .addArgument(new Argument('<what>', 'begins a new epoch').choices(['bump']))
    .addHelpText('after', examples(
      ['api-key-scopes epoch bump', 'A backup was restored, and the app is serving'],
      ['api-key-scopes epoch bump --store sqlite:keys.db', 'The same, without a config file']
    ))
    .action(async () => {
      await run(command, {}, async ({ store, output }) => {
        if (store.bumpEpoch === undefined) throw new CliError('CLI_FAILED', 'this store has no method bumpEpoch; restart all processes of the app instead')
        await inTime(() => store.bumpEpoch!())
        await output.result({ bumped: true }, () => '')
        await output.note('A new epoch has begun: every process reads all API keys anew, within its maxStaleness.')
      })
    })
}
