import type { FastifyRequest } from 'fastify'
import { InvalidInputError } from '../../keys/errors.js'
import { isText } from '../../keys/key-fields.js'
import type { ListQuery } from '../../keys/key-list.js'
import { isPlainObject } from '../../scopes/entries.js'
import { didYouMean, listed, show } from '../../scopes/faults.js'
import { ApiKeyNotFoundError } from '../errors.js'
import type { Fields, RouteSchema } from './schemas.js'

/**
 * Refuses what a route does not know: a body or a query that names an owner, say, must not be passed over in silence. What
 * the fields hold is for the calls of `app.apiKeys` to check. Not left to a JSON schema: an app may have it drop fields.
 *
 * @throws {InvalidInputError} naming every field.
 */
export function checkFields ({ body, query }: Pick<FastifyRequest, 'body' | 'query'>, { body: fields, querystring: parameters }: RouteSchema, bodyOptional: boolean): void {
  const faults: string[] = []
  if (body === undefined) {
    if (fields !== undefined && !bodyOptional) faults.push(`the body must be a JSON object ${formOf(fields)}`)
  } else if (!isPlainObject(body)) {
    faults.push(fields === undefined ? 'this route takes no body' : `the body must be a JSON object ${formOf(fields)}${bodyOptional ? ', or left out' : ''}`)
  } else {
    faults.push(...unknown('field', body, fields?.properties ?? {}, fields === undefined ? 'this route takes no body' : `the body must be ${formOf(fields)}`))
  }
  const { properties } = parameters
  const form = Object.keys(properties).length === 0 ? 'this route takes none' : `there is ${formOf(parameters)}`
  faults.push(...unknown('query parameter', query as object, properties, form))
  if (faults.length > 0) throw new InvalidInputError(faults.join('; '))
}

/** The id of a key in the URL. @throws {ApiKeyNotFoundError} for what cannot be one; the store is not asked. */
export function idIn ({ params }: FastifyRequest): string {
  const { id } = params as { readonly id: string }
  if (!isText(id, 255)) throw new ApiKeyNotFoundError()
  return id
}

/** Numbers are text in a query. Whatever else is wrong with it, `list` will say. */
export function listQueryIn ({ query }: FastifyRequest): ListQuery {
  const { limit, ...rest } = query as { readonly limit?: unknown }
  if (limit === undefined) return rest
  return { ...rest, limit: (typeof limit === 'string' && /^\d+$/.test(limit) ? Number(limit) : limit) as number }
}

function unknown (what: string, given: object, known: object, form: string): string[] {
  const strange = Object.keys(given).filter(name => !Object.hasOwn(known, name))
  if (strange.length === 0) return []
  const names = listed(strange, name => `${show(name)}${didYouMean(name, Object.keys(known))}`)
  return [`unknown ${what}${strange.length === 1 ? '' : 's'} ${names}; ${form}`]
}

/** `{ name, scopes?, expiresAt? }` */
function formOf ({ properties, required = [] }: Fields): string {
  return `{ ${Object.keys(properties).map(name => required.includes(name) ? name : `${name}?`).join(', ')} }`
}
