import type { GuardedRouteEntry } from '../http/guarded-routes.js'
import { InvalidInputError } from '../keys/errors.js'
import { isPlainObject } from '../scopes/entries.js'
import { didYouMean, show } from '../scopes/faults.js'
import type { RequestConstraints } from './route-finder.js'
import type { Views } from './views.js'

/** Which route is meant, where a method and a URL do not tell. */
export interface RouteQuery {
  /** What a request says that routes are told apart by, such as `{ version: '2.x' }` or `{ host: 'example.com' }`. Default: it must be clear without. */
  readonly constraints?: RequestConstraints
}

/**
 * @param faults what is wrong already.
 * @param fields what the call knows beside `constraints`.
 * @throws {InvalidInputError} naming everything that is wrong, or that there is no such route.
 */
export function readCall ({ finder }: Views, call: string, method: unknown, url: unknown, options: RouteQuery = {}, faults: string[] = [], fields: readonly string[] = []): GuardedRouteEntry {
  // Nothing longer is one, such as a key that was put in its place; that would be shown in upper case.
  if (typeof method !== 'string' || !/^[a-z-]{1,20}$/i.test(method)) faults.push(`method must be a string such as 'GET', not ${show(method)}`)
  if (typeof url !== 'string') faults.push(`url must be a string such as '/clusters/:id' or '/clusters/42', not ${show(url)}`)
  const known = ['constraints', ...fields]
  if (!isPlainObject(options)) faults.push(`the options must be an object { ${known.join(', ')} }, not ${show(options)}`)
  else {
    for (const option of Object.keys(options)) {
      if (!known.includes(option)) faults.push(`unknown option ${show(option)}${didYouMean(option, known)}`)
    }
    if (options.constraints !== undefined && !isPlainObject(options.constraints)) faults.push(`constraints must be an object such as { version: '2.x' }, not ${show(options.constraints)}`)
  }
  if (faults.length > 0) throw new InvalidInputError(faults.join('; '))
  return finder.find(method as string, url as string, options.constraints, call)
}
