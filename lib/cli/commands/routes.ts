import type { GuardedRoute } from '../../http/guarded-routes.js'
import { accessText } from '../../reports/access-text.js'
import { aboutApp, type AddAppCommand } from '../run-on-app.js'
import { examples } from '../run.js'
import { table } from '../table.js'

export const addRoutes: AddAppCommand = (program, run) => {
  const command = aboutApp(program.command('routes'))
    .summary('list the routes of an app, and who may call each')
    .description('Lists the routes of an app in the order of declaration, and who may call each. The app does not listen, and its store is not opened.')
    .addHelpText('after', examples(
      ['api-key-scopes routes app.js', 'Who may call what'],
      ['api-key-scopes routes app.js --json | jq -r \'.routes[] | select(.access == "public").url\'', 'What anybody may call']
    ))
    .action(async (file: string) => {
      await run(command, file, {}, async ({ app, output }) => {
        const routes = app.apiKeys.routes()
        await output.result({ routes }, () => routes.length === 0 ? '' : table(['METHOD', 'URL', 'WHO'], routes.map(cells)))
        if (routes.length === 0) await output.note('The app has no routes.')
        for (const { message } of app.apiKeys.findings().filter(({ kind }) => kind === 'unseen-routes')) await output.warning(message)
      })
    })
}

function cells (route: GuardedRoute): string[] {
  const constraints = Object.entries(route.constraints).map(([name, value]) => ` (${name} ${value})`).join('')
  return [route.method, `${route.url}${constraints}`, accessText(route)]
}
