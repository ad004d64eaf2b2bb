import { scopesText } from '../../reports/access-text.js'
import type { Opening, WhoCan } from '../../reports/who-can.js'
import type { AbleKey } from '../../reports/who-can-keys.js'
import { inCell, timeOf } from '../record-text.js'
import { aboutRoute, routeFields, routeQuery, type RouteGiven } from '../route-option.js'
import type { AddAppCommand } from '../run-on-app.js'
import { examples } from '../run.js'
import { fields, table } from '../table.js'
import { count } from '../values.js'

interface Given extends RouteGiven { readonly keys: boolean, readonly limit?: number, readonly cursor?: string }

export const addWhoCan: AddAppCommand = (program, run) => {
  const command = aboutRoute(program.command('who-can'))
    .summary('list the scopes, presets and keys that open a route')
    .description('Lists who may call a route of an app: the scopes each of which is enough, the smallest grants, the presets, the active keys, and whether users may. The app does not listen; with --no-keys its store is not opened.')
    .option('--no-keys', 'leave the keys out')
    .option('--limit <n>', 'how many keys at most, 1 to 1000 (default: 100)', count)
    .option('--cursor <cursor>', 'go on where the page before has ended')
    .addHelpText('after', examples(
      ['api-key-scopes who-can app.js DELETE /clusters/:id', 'Which keys can destroy clusters?'],
      ['api-key-scopes who-can app.js POST /apps/7/deploy --no-keys --json | jq -c .smallest', 'What is the least that a key needs?']
    ))
    .action(async (file: string, method: string, url: string, given: Given) => {
      await run(command, file, { store: given.keys }, async ({ app, output }) => {
        const { keys, limit, cursor } = given
        const found = await app.apiKeys.whoCan(method, url, { ...routeQuery(given), keys, ...limit !== undefined && { limit }, ...cursor !== undefined && { cursor } })
        await output.result(found, () => textOf(found))
        if (found.cursor !== null) await output.note(`There may be more: --cursor ${found.cursor}`)
      })
    })
}

function textOf (found: WhoCan): string {
  const { route, everybody, users, conditions, keys } = found
  const about = fields([
    ...routeFields(route),
    ...everybody ? [] : [['users', users ? route.access === 'scopes' ? 'yes; a session with scopes of its own needs them too' : 'yes' : 'no'] as const],
    ...route.access === 'scopes' ? openingFields(found) : []
  ])
  const more = conditions.map(condition => `\n${fields([
    ['sometimes', `${scopesText(condition.scopes)}${condition.description === '' ? '' : ` (${condition.description})`}`],
    ...openingFields(condition)
  ])}`)
  return `${about}${more.join('')}${keys === null ? '' : `\n${keysText(keys, conditions.length > 0)}`}`
}

function openingFields ({ alone, smallest, presets, defaultGrant }: Opening): Array<readonly [string, string | readonly string[]]> {
  return [
    ['one scope is enough', alone],
    ['smallest grants', smallest.map(names => names.length === 0 ? 'no scope' : names.join(' + '))],
    ['presets', presets],
    ['default grant', defaultGrant ? 'yes' : 'no']
  ]
}

function keysText (keys: readonly AbleKey[], hasConditions: boolean): string {
  if (keys.length === 0) return 'No active key may call it.\n'
  const titles = ['KEY', 'NAME', 'OWNER', 'SCOPES', 'LAST USED', ...hasConditions ? ['CONDITIONS'] : []]
  return table(titles, keys.map(({ record: { id, name, ownerId, scopes, lastUsedAt }, conditions, reported }) => [
    id, inCell(name), inCell(ownerId ?? ''), `${inCell(scopes)}${reported ? ' (too few, in report mode)' : ''}`, timeOf(lastUsedAt),
    ...hasConditions ? [`${conditions.filter(Boolean).length} of ${conditions.length}`] : []
  ]))
}
