import { type Command, InvalidArgumentError } from 'commander'
import type { GuardedRoute } from '../http/guarded-routes.js'
import { accessText } from '../reports/access-text.js'
import type { RouteQuery } from '../reports/explain-options.js'
import { aboutApp } from './run-on-app.js'

export interface RouteGiven { readonly constraint?: Readonly<Record<string, string>> }

/** Lets a command be told which route of which app it is about. */
export function aboutRoute (command: Command): Command {
  return aboutApp(command)
    .argument('<method>', 'GET, POST, ...')
    .argument('<url>', 'as it was declared (/clusters/:id), or of a request (/clusters/42)')
    .option('--constraint <name=value>', 'what routes with this URL are told apart by, such as version=2.x; may be repeated', constraint)
}

/** The same, as a call of `app.apiKeys` has it. */
export function routeQuery ({ constraint }: RouteGiven): RouteQuery {
  return constraint === undefined ? {} : { constraints: constraint }
}

export function routeFields (route: GuardedRoute): Array<[string, string]> {
  const constraints = Object.entries(route.constraints).map(([name, value]) => ` (${name} ${value})`).join('')
  return [['route', `${route.method} ${route.url}${constraints}`], ['for', accessText(route)]]
}

function constraint (text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? []
  if (name === undefined || value === undefined) throw new InvalidArgumentError('It must be name=value, such as version=2.x.')
  return { ...before, [name]: value }
}
