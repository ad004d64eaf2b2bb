import { Option } from 'commander'
import { wrong } from '../errors.js'
import { aboutApp, type AddAppCommand } from '../run-on-app.js'
import { examples } from '../run.js'
import { harmless, harmlessJson } from '../text.js'
import { writeWhole } from '../write-file.js'

const FORMATS = ['html', 'markdown', 'json'] as const

type Format = typeof FORMATS[number]

interface Given {
  readonly format?: Format
  readonly output?: string
  readonly title?: string
  readonly intro?: string
  readonly baseUrl?: string
  readonly hidden?: true
  readonly json?: true
}

export const addReference: AddAppCommand = (program, run) => {
  const command = aboutApp(program.command('reference'))
    .summary('write the reference page of the scopes of an app')
    .description('Writes a page of all scopes of an app and of the endpoints that they open, for those who use the API. The app does not listen, and its store is not opened.')
    .addOption(new Option('--format <format>', 'one page of HTML, Markdown or JSON (default: as the name of the file says, or markdown)').choices(FORMATS))
    .option('--output <file>', 'where to write it (default: standard output)')
    .option('--title <text>', 'the title of the page')
    .option('--intro <text>', 'what stands below it, in place of what scopes are')
    .option('--base-url <url>', 'where the API is, to be told on the page')
    .option('--hidden', 'tell of hidden scopes and hidden routes too')
    .addHelpText('after', examples(
      ['api-key-scopes reference app.js --output scopes.html --title \'Acme API scopes\'', 'A page to publish'],
      ['api-key-scopes reference app.js > docs/scopes.md', 'Markdown, beside other documentation'],
      ['api-key-scopes reference app.js --json | jq -r \'.userOnly[].url\'', 'What no API key may call']
    ))
    .action(async (file: string) => {
      const { output: to, json, ...given } = command.optsWithGlobals<Given>()
      const format = formatOf(given.format, to, json)
      await run(command, file, {}, async ({ app, output }) => {
        const { title, intro, baseUrl, hidden } = given
        // Other commands do not wait until it is loaded.
        const { scopeReference, toHtml, toMarkdown } = await import('../../reports/reference.js')
        const reference = scopeReference(app, { ...title !== undefined && { title }, ...intro !== undefined && { intro }, ...baseUrl !== undefined && { baseUrl }, ...hidden && { hidden } })
        const text = format === 'html' ? toHtml(reference) : format === 'markdown' ? toMarkdown(reference) : `${harmlessJson(reference, 2)}\n`
        if (to === undefined) return await output.result(reference, () => format === 'json' ? text : text.split('\n').map(harmless).join('\n'))
        writeWhole(to, text)
        await output.result({ file: to, format, bytes: Buffer.byteLength(text) }, () => `${harmless(to)}: written\n`)
      })
    })
}

function formatOf (asked: Format | undefined, to: string | undefined, json: true | undefined): Format {
  if (to === undefined && json === true) {
    if (asked !== undefined && asked !== 'json') throw wrong(`--json and --format ${asked} exclude each other without --output: leave one of them out`)
    return 'json'
  }
  const named = /\.(?:(html?)|(json)|(?:md|markdown))$/i.exec(to ?? '')
  return asked ?? (named?.[1] !== undefined ? 'html' : named?.[2] !== undefined ? 'json' : 'markdown')
}
