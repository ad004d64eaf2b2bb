import { Option } from 'commander'
import type { ListQuery } from '../../keys/key-list.js'
import type { Keyring } from '../../keys/keyring.js'
import type { ApiKeyRecord } from '../../keys/record.js'
import type { KeyState } from '../../keys/store.js'
import { inCell, stateOf, timeOf } from '../record-text.js'
import { examples, type AddCommand } from '../run.js'
import { table } from '../table.js'
import { count, past } from '../values.js'

interface Given { owner?: string, state?: KeyState, unusedFor?: Date, limit?: number, cursor?: string, all?: true }

export const addList: AddCommand = (program, run) => {
  const command = program.command('list')
    .summary('list keys, newest first')
    .description('Lists keys, newest first: 100, or as many as --limit says. Never the secrets, which nobody has.')
    .option('--owner <id>', 'only the keys of this owner')
    .addOption(new Option('--state <state>', 'only keys in this state').choices(['active', 'disabled', 'expired', 'revoked']))
    .option('--unused-for <duration>', 'only keys that were made longer ago than this, and not used since', past)
    .option('--limit <n>', 'how many at most, 1 to 1000', count)
    .option('--cursor <cursor>', 'go on where the page before ended; it came with it')
    .addOption(new Option('--all', 'all pages').conflicts(['limit', 'cursor']))
    .addHelpText('after', examples(
      ['api-key-scopes list --owner u1 --state active', 'What the user u1 can still use'],
      ['api-key-scopes list --unused-for P90D --all --json | jq -r ".records[].id"', 'The ids of all keys that nobody has used for 90 days']
    ))
    .action(async ({ owner, all, ...query }: Given) => {
      await run(command, {}, async ({ apiKeys, output }) => {
        const wanted: ListQuery = { ...query, ...owner !== undefined && { ownerId: owner } }
        const page = all === true ? { records: await everyKey(apiKeys, wanted), cursor: null } : await apiKeys.list(wanted)
        await output.result(page, () => page.records.length === 0 ? '' : table(TITLES, page.records.map(cells)))
        if (page.records.length === 0) await output.note('No keys.')
        if (page.cursor !== null) await output.note(`There are more: --cursor ${page.cursor}`)
      })
    })
}

/** The keys of all pages, at one time or another: others may be made meanwhile. */
export async function everyKey (apiKeys: Keyring, query: ListQuery): Promise<ApiKeyRecord[]> {
  const records: ApiKeyRecord[] = []
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await apiKeys.list({ ...query, limit: 1000, ...cursor !== undefined && { cursor } })
    records.push(...page.records)
    cursor = page.cursor
  }
  return records
}

const TITLES = ['ID', 'NAME', 'OWNER', 'STATE', 'LAST USED', 'EXPIRES', 'SCOPES']

function cells (record: ApiKeyRecord): string[] {
  const { id, name, ownerId, lastUsedAt, expiresAt, scopes } = record
  return [id, inCell(name), inCell(ownerId ?? ''), stateOf(record), timeOf(lastUsedAt), timeOf(expiresAt), inCell(scopes)]
}
