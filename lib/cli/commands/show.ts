import type { ApiKeyRecord } from '../../keys/record.js'
import type { Catalog } from '../../scopes/catalog.js'
import { noSuchKey } from '../errors.js'
import { stateOf, timeOf } from '../record-text.js'
import { examples, type AddCommand } from '../run.js'
import { columns, fields } from '../table.js'
import { harmlessJson } from '../text.js'

interface EffectiveScope { readonly name: string, readonly description: string }

export const addShow: AddCommand = (program, run) => {
  const command = program.command('show <id>')
    .summary('show all that is known of a key')
    .description('Shows the record of a key and, where there is a config file, what its scopes include today.')
    .addHelpText('after', examples(
      ['api-key-scopes show 0f20fede-21e9-4458-80c9-0e7950f89149', 'Everything but the secret, which nobody has'],
      ['api-key-scopes show 0f20fede-21e9-4458-80c9-0e7950f89149 --json | jq .record.metadata', 'What the app keeps with it']
    ))
    .action(async (id: string) => {
      await run(command, {}, async ({ apiKeys, catalog, output }) => {
        const record = await apiKeys.get(id)
        if (record === null) throw noSuchKey(id)
        const effectiveScopes = catalog && effectiveIn(catalog, record)
        await output.result({ record, effectiveScopes }, () => fields([...recordFields(record), ...grantFields(record, catalog, effectiveScopes)]))
      })
    })
}

function effectiveIn (catalog: Catalog, { scopes }: ApiKeyRecord): EffectiveScope[] {
  const grant = catalog.grant(scopes)
  // A scope that was replaced is the same as its replacement, and stands there under that name.
  return [...catalog.scopes.values()]
    .filter(({ name, replacedBy }) => replacedBy === null && grant.covers(name))
    .map(({ name, description }) => ({ name, description }))
}

function recordFields (record: ApiKeyRecord): Array<[string, string]> {
  const { revokedAt, revokedReason, disabledAt, rotatedFrom, metadata, pepperVersion } = record
  return [
    ['id', record.id],
    ['name', record.name],
    ['owner', record.ownerId ?? 'nobody'],
    ['state', stateOf(record)],
    ['begins with', record.start || '-'],
    ['created', timeOf(record.createdAt)],
    ['last used', timeOf(record.lastUsedAt)],
    ['expires', timeOf(record.expiresAt)],
    ...disabledAt === null ? [] : [['disabled', timeOf(disabledAt)] as [string, string]],
    ...revokedAt === null ? [] : [['revoked', `${timeOf(revokedAt)}${revokedReason === null ? '' : `, ${revokedReason}`}`] as [string, string]],
    ...rotatedFrom === null ? [] : [['replaces', rotatedFrom] as [string, string]],
    ...Object.keys(metadata).length === 0 ? [] : [['metadata', harmlessJson(metadata)] as [string, string]],
    ...pepperVersion === 0 ? [] : [['pepper', `version ${pepperVersion}`] as [string, string]]
  ]
}

function grantFields ({ scopes }: ApiKeyRecord, catalog: Catalog | null, effective: EffectiveScope[] | null): Array<[string, string | readonly string[]]> {
  if (catalog === null || effective === null) return [['granted', scopes]]
  const dead = catalog.grant(scopes).ineffective
  const granted = scopes.map(name => [name, dead.includes(name) ? '(not in the catalog, or not in force: it opens nothing)' : catalog.scopes.get(name)!.description])
  return [['granted', lines(granted)], ['opens', lines(effective.map(({ name, description }) => [name, description]))]]
}

function lines (rows: string[][]): string[] {
  return columns(rows).split('\n').filter(line => line !== '')
}
