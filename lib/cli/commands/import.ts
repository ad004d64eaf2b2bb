import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import type { ImportedKey } from '../../keys/imported-key.js'
import { messageOf, wrong } from '../errors.js'
import { examples, type AddCommand } from '../run.js'
import type { Terminal } from '../terminal.js'

export const addImport: AddCommand = (program, run) => {
  const command = program.command('import <file>')
    .summary('take over keys of another system by their digests')
    .description('Takes over keys that another system has made, by their SHA-256 digests. The file (- for standard input) is a JSON list of { digest, name, ownerId, scopes, ... }, or has one such object on each line. All are checked before the first is kept; those that are there already are left as they are, so it can simply be run again.')
    .option('--dry-run', 'only check them, and say what would be done')
    .addHelpText('after', examples(
      ['api-key-scopes import keys.json --dry-run', 'Is anything wrong with them?'],
      ['psql -Atc "select json_build_object(\'digest\', hash, \'name\', name) from tokens" | api-key-scopes import -', 'Straight from the database of the other system']
    ))
    .action(async (file: string, { dryRun = false }: { dryRun?: boolean }) => {
      await run(command, { catalog: true, firstUse: true }, async ({ apiKeys, rehearsal, by, output, terminal }) => {
        const keys = readKeys(await readInput(file, terminal), file)
        const { imported, existing } = await (dryRun ? rehearsal : apiKeys).import(keys, by)
        await output.result({ dryRun, imported, existing }, () => '')
        await output.note(`${dryRun ? 'Would import' : 'Imported'} ${imported.length}; ${existing.length} ${existing.length === 1 ? 'was' : 'were'} there already.`)
      })
    })
}

async function readInput (file: string, { stdin }: Terminal): Promise<string> {
  if (file === '-') return await text(stdin)
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw wrong(`${file} cannot be read: ${messageOf(error)}`, error)
  }
}

/** What is no JSON is not shown: it may be a list of keys. */
function readKeys (input: string, file: string): ImportedKey[] {
  const whole = parsed(input)
  if (whole !== undefined) return (Array.isArray(whole) ? whole : [whole]) as ImportedKey[]
  if (input.trimStart().startsWith('[')) throw wrong(`${file} begins as a JSON list and is none: is it cut off?`)
  return input.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return []
    const key = parsed(line)
    if (key === undefined) throw wrong(`line ${i + 1} of ${file} is no JSON; the file must be a JSON list, or have one JSON object on each line`)
    return [key as ImportedKey]
  })
}

function parsed (json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
