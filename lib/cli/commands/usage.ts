import type { KeyUsage } from '../../keys/usage/report.js'
import type { ApiKeyRecord } from '../../keys/record.js'
import { noSuchKey } from '../errors.js'
import { inCell, timeOf } from '../record-text.js'
import { examples, type AddCommand } from '../run.js'
import { fields, table } from '../table.js'
import { past } from '../values.js'
import { everyKey } from './list.js'

interface UsedKey { readonly record: ApiKeyRecord, readonly usage: KeyUsage }

export const addUsage: AddCommand = (program, run) => {
  const command = program.command('usage [id]')
    .summary('show which scopes are used, and which are not')
    .description('Shows when a key was last used and each of its scopes last needed, and the smallest grant that would have served every request seen. Without an id: a table of all active keys.')
    .option('--unused-for <duration>', 'which scopes count as unused: those not needed for so long (default: never)', past)
    .option('--owner <id>', 'without an id: only the keys of this owner')
    .addHelpText('after', examples(
      ['api-key-scopes usage --unused-for P30D', 'Which keys have more than they have needed in the last 30 days'],
      ['api-key-scopes usage 0f20fede-21e9-4458-80c9-0e7950f89149', 'One key, scope by scope']
    ))
    .action(async (id: string | undefined, { unusedFor, owner }: { unusedFor?: Date, owner?: string }) => {
      if (id !== undefined && owner !== undefined) command.error('give an id or --owner, not both')
      await run(command, { catalog: true }, async ({ apiKeys, output }) => {
        const since = { ...unusedFor !== undefined && { unusedFor } }
        if (id !== undefined) {
          const usage = await apiKeys.usage(id, since)
          if (usage === null) throw noSuchKey(id)
          await output.result({ usage }, () => asText(usage, unusedFor))
          return
        }
        const keys: UsedKey[] = []
        for (const record of await everyKey(apiKeys, { state: 'active', ...owner !== undefined && { ownerId: owner } })) {
          const usage = await apiKeys.usage(record.id, since)
          if (usage !== null) keys.push({ record, usage })
        }
        await output.result({ keys }, () => keys.length === 0 ? '' : table(TITLES, keys.map(cells)))
        if (keys.length === 0) await output.note('No active keys.')
      })
    })
}

function asText ({ lastUsedAt, scopes, unusedScopes, smallestGrant }: KeyUsage, since: Date | undefined): string {
  const needed = scopes.length === 0 ? '' : `\n${table(['SCOPE', 'LAST NEEDED'], scopes.map(({ name, lastNeededAt }) => [name, timeOf(lastNeededAt)]))}\n`
  return `${fields([['last used', timeOf(lastUsedAt)]])}${needed}${fields([
    [since === undefined ? 'never needed' : `not needed since ${timeOf(since)}`, unusedScopes],
    ['smallest grant that would have done', smallestGrant]
  ])}`
}

const TITLES = ['ID', 'NAME', 'OWNER', 'LAST USED', 'UNUSED SCOPES', 'SMALLEST GRANT']

function cells ({ record: { id, name, ownerId }, usage: { lastUsedAt, unusedScopes, smallestGrant } }: UsedKey): string[] {
  return [id, inCell(name), inCell(ownerId ?? ''), timeOf(lastUsedAt), inCell(unusedScopes), inCell(smallestGrant)]
}
