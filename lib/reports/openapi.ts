import type { FastifyInstance } from 'fastify'
import { BadOptionsError } from '../http/errors.js'
import { show } from '../scopes/faults.js'
import { insideOf } from './inside.js'
import { describeDocument, isOpenApi3 } from './openapi-document.js'
import { plainest, routesByPath } from './openapi-paths.js'

/**
 * Says in an OpenAPI document who may call each operation, by the routes of an app: `security`, `x-required-scopes`, a line in the
 * description, and the responses 401 and 403. Documents that `@fastify/swagger` makes need no call; this is for those that are
 * made otherwise. An operation belongs to the route with its method and path, whatever the parameters are called there; the
 * `servers` of the document may stand for the beginning of the path. What belongs to no route is left as it is.
 *
 * @returns a new document; the one that was given is not changed.
 * @throws FST_API_KEY_NOT_READY before `app.ready()`; FST_API_KEY_BAD_OPTIONS if the app does not have the plugin, or this is no document of OpenAPI 3.
 */
export function describeScopes<Document extends object> (app: FastifyInstance, document: Document): Document {
  const inside = insideOf(app, 'describeScopes')
  if (!isOpenApi3(document)) throw new BadOptionsError(`describeScopes needs an OpenAPI document of version 3, not ${show(document)}`)
  const find = routesByPath(inside.table.entries('describeScopes'), document, plainest)
  return describeDocument(document, inside, (method, path, operation) => ({ operation, entry: find(method, path) })).document
}
