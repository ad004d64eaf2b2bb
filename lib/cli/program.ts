import { createRequire } from 'node:module'
import { Command } from 'commander'
import { addCreate } from './commands/create.js'
import { addEpoch } from './commands/epoch.js'
import { addExplain } from './commands/explain.js'
import { addFindings } from './commands/findings.js'
import { addImport } from './commands/import.js'
import { addList } from './commands/list.js'
import { addLock } from './commands/lock.js'
import { addMigrate } from './commands/migrate.js'
import { addPurge } from './commands/purge.js'
import { addReference } from './commands/reference.js'
import { addRevoke } from './commands/revoke.js'
import { addRotate } from './commands/rotate.js'
import { addRoutes } from './commands/routes.js'
import { addShow } from './commands/show.js'
import { addUsage } from './commands/usage.js'
import { addWhoCan } from './commands/who-can.js'
import { CONFIG_FILES, EXAMPLE_CONFIG } from './config.js'
import type { Output } from './output.js'
import { appRunner } from './run-on-app.js'
import { runner } from './run.js'
import type { Terminal } from './terminal.js'

/** Everything that can be typed, with the help for it. Errors are thrown. */
export function programOf (terminal: Terminal, output: Output): Command {
  const { version } = createRequire(import.meta.url)('fastify-api-key-scopes/package.json') as { version: string }
  const program = new Command('api-key-scopes')
    .description('Makes, lists, rotates and ends API keys, on the store of an app that uses fastify-api-key-scopes. The app may be serving meanwhile.')
    .version(version, '-V, --version', 'print the version')
    .option('--config <file>', `the options of the app (default: the first of ${CONFIG_FILES[0]}, .mts, .cts, .js, .mjs, .cjs)`)
    .option('--store <store>', 'the store: sqlite:keys.db, postgres://user@host/database or redis://host; goes before that of the config')
    .option('--json', 'one JSON document on standard output, errors as JSON on standard error')
    .option('--debug', 'show where in the program an error came from')
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true, commandUsage: usageOf })
    .configureOutput({
      writeOut: text => { terminal.stdout.write(text) },
      writeErr: text => { terminal.stderr.write(text) },
      // Told by whoever catches it.
      outputError: () => {}
    })
    .helpCommand(true)
    .addHelpText('after', HELP)
  const run = runner(terminal, output)
  for (const add of [addCreate, addList, addShow, addRotate, addRevoke, addUsage, addImport, addPurge, addMigrate, addEpoch]) add(program, run)
  const runOnApp = appRunner(terminal, output)
  for (const add of [addRoutes, addExplain, addWhoCan, addLock, addFindings, addReference]) add(program, runOnApp)
  return program
}

function usageOf (command: Command): string {
  return `${command.parent === null ? '' : `${command.parent.name()} `}${command.name()} ${command.usage()}`
}

const indented = EXAMPLE_CONFIG.replace(/^/gm, '  ')

const HELP = `
The config file is shared with the app, which passes the same options to the
plugin. This is enough; options that only requests need are passed over:

${indented}

list, show, revoke, purge, migrate and epoch also do with --store alone.

Durations are those of ISO 8601: P90D (90 days), P2W (2 weeks), P1Y6M (a year
and 6 months), PT1H (an hour), PT30M (30 minutes; after the T, M is minutes).
Dates begin at midnight UTC.

Exit codes:
  0  it is done
  1  it failed: the store or the audit sink, say; or --check or --fail found
     something
  2  the command line, the config or some input is wrong; nothing was done
  3  there is no such key
  4  it was not confirmed; nothing was done (--yes confirms)
130  it was interrupted (Ctrl-C)

Examples:
  # A key of the user u1, for 90 days; the key alone is on standard output
  api-key-scopes create --name ci-deploy --owner u1 --scope apps:deploy --expires P90D

  # What may the keys do that they have never done?
  api-key-scopes usage --unused-for P30D

api-key-scopes help <command> tells more of each.
`
