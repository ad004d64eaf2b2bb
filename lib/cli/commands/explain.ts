import { createInterface } from 'node:readline'
import type { Denial } from '../../http/denial.js'
import { scopesText } from '../../reports/access-text.js'
import type { ExplainedCondition, Explanation, NeededScope } from '../../reports/explain.js'
import type { ExplainedSubject } from '../../reports/explain-subject.js'
import { CliError, noSuchKey, wrong } from '../errors.js'
import type { Output } from '../output.js'
import { called } from '../record-text.js'
import { aboutRoute, routeFields, routeQuery, type RouteGiven } from '../route-option.js'
import type { AddAppCommand, AppCall } from '../run-on-app.js'
import { examples } from '../run.js'
import { fields, table } from '../table.js'
import type { Terminal } from '../terminal.js'

interface Given extends RouteGiven {
  readonly scope?: readonly string[]
  readonly id?: string
  readonly keyStdin?: true
  readonly check?: true
}

export const addExplain: AddAppCommand = (program, run) => {
  const command = aboutRoute(program.command('explain'))
    .summary('tell whether a key may call a route, and why')
    .description('Tells whether a key may call a route of an app, through which inclusion it holds what is needed, what is missing, and the smallest scopes that would do. The app does not listen; its store is opened for --id and --key-stdin alone. It does not count as a use of the key.')
    .option('--scope <scope>', 'about any key with this scope; may be repeated', (scope: string, before: readonly string[] = []) => [...before, scope])
    .option('--id <id>', 'about the key with this id')
    .option('--key-stdin', 'about the key on standard input: on a command line, others would see it')
    .option('--check', 'exit with 1 if it is not allowed')
    .addHelpText('after', examples(
      ['api-key-scopes explain app.js POST /clusters --scope clusters:read --scope apps:deploy', 'Would these scopes be enough?'],
      ['api-key-scopes explain app.js GET /clusters/42 --id 0f20fede-21e9-4458-80c9-0e7950f89149', 'Why is this key refused?'],
      ['vault kv get -field=api_key secret/ci | api-key-scopes explain app.js POST /clusters --key-stdin --check', 'May the key of CI do what it is going to do?']
    ))
    .action(async (file: string, method: string, url: string, given: Given) => {
      const told = [given.scope, given.id, given.keyStdin].filter(option => option !== undefined)
      if (told.length !== 1) throw wrong('explain needs to know about which key: give one of --scope <scope>, --id <id> and --key-stdin')
      await run(command, file, { store: given.scope === undefined }, async call => {
        const subject = await subjectOf(given, call)
        const explanation = await call.app.apiKeys.explain(subject, method, url, routeQuery(given))
        await call.output.result(explanation, () => textOf(explanation))
        if (given.check === true && !explanation.allowed) throw new CliError('CLI_FAILED', `it is not allowed: ${explanation.denial!.message}`)
      })
    })
}

async function subjectOf ({ scope, id }: Given, { app, output, terminal }: AppCall): Promise<ExplainedSubject> {
  if (scope !== undefined) return { scopes: scope as never }
  if (id === undefined) return { key: await keyOn(terminal, output) }
  if (await app.apiKeys.get(id) === null) throw noSuchKey(id)
  return { id }
}

/** The first line of standard input. */
async function keyOn ({ stdin, stderr, interrupted }: Terminal, output: Output): Promise<string> {
  if (stdin.isTTY === true && stderr.isTTY === true) await output.ask('The API key: ')
  const lines = createInterface({ input: stdin, signal: interrupted })
  try {
    for await (const line of lines) if (line.trim() !== '') return line.trim()
  } finally {
    lines.close()
    output.answered()
  }
  throw wrong('there is no key on standard input')
}

function textOf ({ route, allowed, denial, refusal, record, needs, missing, smallest, conditions }: Explanation): string {
  const about = fields([
    ...routeFields(route),
    ...record === null ? [] : [['key', called(record)] as const],
    ['allowed', answerText(allowed, denial)],
    ...refusal === null ? [] : [['because', `the key is ${refusal}`] as const],
    ...missing.length === 0 ? [] : [['missing', missing] as const, ['would do', additionText(smallest)] as const]
  ])
  const scopes = needs.length === 0 ? '' : `\n${table(['SCOPE', 'HELD', 'THROUGH'], needs.map(needCells))}`
  return `${about}${scopes}${conditions.map(condition => `\n${fields(conditionFields(condition))}`).join('')}`
}

function answerText (allowed: boolean, denial: Denial | null): string {
  if (denial === null) return 'yes'
  return `${allowed ? 'yes, in report mode; else' : 'no:'} ${denial.statusCode} ${denial.code}, ${denial.message}`
}

function needCells ({ name, held, through }: NeededScope): string[] {
  const way = through === null ? '-' : through.length === 1 ? 'granted by name' : through.join(' > ')
  return [name, held ? 'yes' : 'no', held || through === null ? way : `${way}, but its owner may not`]
}

function conditionFields ({ scopes, description, met, denial, missing, smallest }: ExplainedCondition): Array<readonly [string, string | readonly string[]]> {
  return [
    ['sometimes', `${scopesText(scopes)}${description === '' ? '' : ` (${description})`}`],
    ['held', met ? 'yes' : `no, ${missing.join(', ')} is missing`],
    ['then', denial === null ? 'allowed' : `${denial.statusCode} ${denial.code}, ${denial.message}`],
    ...met ? [] : [['would do', additionText(smallest)] as const]
  ]
}

function additionText (smallest: readonly string[] | null): string {
  return smallest === null ? 'no scopes: the owner of the key may not do it' : smallest.join(' + ')
}
