import { noSuchKey } from '../errors.js'
import { ending, timeOf } from '../record-text.js'
import { examples, type AddCommand } from '../run.js'
import { duration, expiry, type Expiry } from '../values.js'
import { handOver } from './issued.js'

export const addRotate: AddCommand = (program, run) => {
  const command = program.command('rotate <id>')
    .summary('replace a key by a new one')
    .description('Replaces a key by a new one with the same name, owner and scopes, and another id. The old one works on until the grace period ends. The new key alone is written to standard output, this once.')
    .option('--grace <duration>', 'how long the old key works beside the new one; PT0S ends it at once (default: PT1H)', duration)
    .option('--expires <when>', 'a duration from now (P90D), a date, or never (default: it lives as long as the old one was to)', expiry)
    .addHelpText('after', examples(
      ['api-key-scopes rotate 0f20fede-21e9-4458-80c9-0e7950f89149 --grace P7D', 'A week for everybody to change over'],
      ['api-key-scopes rotate 0f20fede-21e9-4458-80c9-0e7950f89149 --grace PT0S', 'The old key has leaked: it ends now']
    ))
    .action(async (id: string, { grace, expires }: { grace?: string, expires?: Expiry }) => {
      await run(command, { catalog: true }, async ({ apiKeys, by, output }) => {
        const issued = await apiKeys.rotate(id, { ...by, ...grace !== undefined && { gracePeriod: grace }, ...expires })
        if (issued === null) throw noSuchKey(id)
        await handOver(issued, output)
        // It is done, whether the store can tell more of it or not.
        const old = await apiKeys.get(id).catch(() => null)
        const end = timeOf(old?.expiresAt ?? null, 'its grace period ends')
        await output.note(`Rotated. The new key is ${issued.record.id}, and ${ending(issued.record.expiresAt)}; the old one, ${id}, works until ${end}. The key is not shown again.`)
      })
    })
}
