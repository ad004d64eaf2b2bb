import type { Migration, MigratingStore } from '../../keys/store.js'
import { examples, type AddCommand } from '../run.js'

export const addMigrate: AddCommand = (program, run) => {
  const command = program.command('migrate')
    .summary('bring the tables of the store up to date')
    .description('Brings the tables of the store to the version that this program works with, in one step. It can be run again, and by several at once. Stores that do so themselves whenever they are opened are left as they are.')
    .addHelpText('after', examples(
      ['api-key-scopes migrate', 'Before the app of a new version is started']
    ))
    .action(async () => {
      await run(command, { unopened: true, firstUse: true }, async ({ store, output }) => {
        const migration = isMigrating(store) ? await store.migrate() : null
        await output.result({ migration }, () => '')
        await output.note(migration === null ? 'This store brings itself up to date when it is opened; nothing was done.' : said(migration))
      })
    })
}

function isMigrating (store: object): store is MigratingStore {
  return 'migrate' in store && typeof store.migrate === 'function'
}

function said ({ from, to }: Migration): string {
  if (from === to) return `The tables are of version ${to} already.`
  return from === 0 ? `Made the tables, of version ${to}.` : `Brought the tables from version ${from} to version ${to}.`
}
