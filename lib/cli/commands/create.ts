import type { Catalog } from '../../scopes/catalog.js'
import { didYouMean } from '../../scopes/faults.js'
import type { ScopeName } from '../../scopes/register.js'
import { wrong } from '../errors.js'
import { ending } from '../record-text.js'
import { examples, type AddCommand } from '../run.js'
import { expiry, type Expiry } from '../values.js'
import { handOver } from './issued.js'

interface Given { name: string, owner?: string, scope?: string[], preset?: string, expires?: Expiry }

export const addCreate: AddCommand = (program, run) => {
  const command = program.command('create')
    .summary('make a key')
    .description('Makes an API key. The key alone is written to standard output, this once; it is kept nowhere.')
    .requiredOption('--name <name>', 'what its owner calls it')
    .option('--owner <id>', 'whose it is: the id of a user of the app (default: nobody\'s)')
    .option('--scope <scope...>', 'what it may do; may be repeated (default: the default grant of the app)')
    .option('--preset <name>', 'a named combination of scopes, beside those of --scope')
    .option('--expires <when>', 'a duration from now (P90D), a date, or never (default: as late as the app allows)', expiry)
    .addHelpText('after', examples(
      ['api-key-scopes create --name ci-deploy --owner u1 --scope apps:deploy clusters:read --expires P90D', 'A key of the user u1 with two scopes, for 90 days'],
      ['api-key-scopes create --name ci-deploy --preset "CI/CD deploy pipeline" | vault kv put secret/ci api_key=-', 'Straight to where it shall be kept; nobody sees it']
    ))
    .action(async (given: Given) => {
      await run(command, { catalog: true, firstUse: true }, async ({ apiKeys, catalog, by, output }) => {
        const scopes = wantedScopes(given, catalog!)
        const issued = await apiKeys.create({
          name: given.name,
          ownerId: given.owner ?? null,
          ...scopes !== undefined && { scopes },
          ...given.expires
        }, by)
        const { id, expiresAt, scopes: granted } = issued.record
        await handOver(issued, output)
        await output.note(`Created ${id}, with ${granted.join(', ') || 'no scopes'}; it ${ending(expiresAt)}. The key is not shown again.`)
      })
    })
}

function wantedScopes ({ scope, preset }: Given, { presets }: Catalog): ScopeName[] | undefined {
  if (preset === undefined) return scope as ScopeName[] | undefined
  const combination = presets.get(preset)
  if (combination !== undefined) return [...combination, ...scope ?? []] as ScopeName[]
  const known = [...presets.keys()]
  const there = known.length === 0 ? 'the catalog has none' : `there is ${known.map(name => JSON.stringify(name)).join(', ')}`
  throw wrong(`there is no preset ${JSON.stringify(preset)}${didYouMean(preset, known)}; ${there}`)
}
