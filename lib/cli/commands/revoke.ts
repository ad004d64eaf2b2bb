import { listed } from '../../scopes/faults.js'
import type { ApiKeyRecord } from '../../keys/record.js'
import { confirm } from '../confirm.js'
import { CliError, noSuchKey } from '../errors.js'
import { called, timeOf } from '../record-text.js'
import { examples, type AddCommand, type Call } from '../run.js'
import { everyKey } from './list.js'

interface Given { owner?: string, reason?: string, yes?: boolean }

export const addRevoke: AddCommand = (program, run) => {
  const command = program.command('revoke [id]')
    .summary('end a key, or all keys of an owner')
    .description('Ends a key for good, or with --owner all keys of an owner in one step. It asks first if the key was used in the last 24 hours, and always with --owner; where there is no terminal to ask on, it needs --yes.')
    .option('--owner <id>', 'all keys of this owner')
    .option('--reason <text>', 'why, for the record and the audit')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', examples(
      ['api-key-scopes revoke 0f20fede-21e9-4458-80c9-0e7950f89149 --reason "found in a public repository" --yes', 'A key has leaked, and nobody shall be asked'],
      ['api-key-scopes revoke --owner u1 --reason "has left the company"', 'All keys of the user u1']
    ))
    .action(async (id: string | undefined, given: Given) => {
      if ((id === undefined) === (given.owner === undefined)) command.error('give the id of a key, or --owner for all keys of an owner')
      await run(command, {}, async call => {
        if (id !== undefined) await revokeKey(id, given, call)
        else await revokeAllOf(given.owner!, given, call)
      })
    })
}

async function revokeKey (id: string, { reason, yes = false }: Given, { apiKeys, by, corrupt, output, terminal }: Call): Promise<void> {
  const before = await apiKeys.get(id)
  // What cannot be read can be ended all the same.
  if (before === null && !corrupt.has(id)) throw noSuchKey(id)
  if (before !== null && before.revokedAt === null && wasUsedLately(before)) {
    await confirm(`The key ${called(before)} was last used at ${timeOf(before.lastUsedAt)}. Revoke it?`, yes, terminal, output)
  }
  const record = await apiKeys.revoke(id, { ...by, ...reason !== undefined && { reason } })
  await output.result({ record }, () => '')
  const earlier = before?.revokedAt ?? null
  const who = before === null ? id : called(before)
  await output.note(earlier === null ? `Revoked ${who}.` : `${who} was revoked already, at ${timeOf(earlier)}.`)
}

async function revokeAllOf (owner: string, { reason, yes = false }: Given, { apiKeys, by, output, terminal }: Call): Promise<void> {
  const keys = await everyKey(apiKeys, { ownerId: owner })
  if (keys.length === 0) throw new CliError('CLI_NOT_FOUND', `${JSON.stringify(owner)} owns no API keys`)
  const left = keys.filter(({ revokedAt }) => revokedAt === null)
  if (left.length > 0) {
    const each = listed(left, ({ name, lastUsedAt }) => `${JSON.stringify(name)}, last used ${timeOf(lastUsedAt)}`, '; ')
    await confirm(`${owner} has ${left.length === 1 ? 'one key' : `${left.length} keys`}: ${each}. Revoke all?`, yes, terminal, output)
  }
  // Also if none is left: one may have been made just now.
  const records = await apiKeys.revokeOwner(owner, { ...by, ...reason !== undefined && { reason } })
  await output.result({ records }, () => '')
  await output.note(records.length === 0 ? `All keys of ${owner} were revoked already.` : `Revoked ${records.length} of ${owner}: ${listed(records, called)}.`)
}

function wasUsedLately ({ lastUsedAt }: ApiKeyRecord): boolean {
  return lastUsedAt !== null && lastUsedAt.getTime() > Date.now() - DAY
}

const DAY = 24 * 3600_000
