import type { FastifyInstance } from 'fastify'
import type { Policy } from '../http/decision.js'
import type { Refusals } from '../http/denial.js'
import { BadOptionsError } from '../http/errors.js'
import type { Catalog } from '../scopes/catalog.js'
import type { RouteTable } from './route-table.js'

/** What the views that are imported apart from the plugin need to know of it. No secret is among it. */
export interface Inside {
  readonly table: RouteTable
  readonly catalog: Catalog
  readonly refusals: Refusals
  /** What new keys begin with. */
  readonly prefix: string
  readonly apiKeyHeader: string | null
  readonly hasSessions: boolean
  /** Who gets to the not-found handler. */
  readonly notFound: Policy
  /** Whether `formatError` makes the bodies of denials. */
  readonly formatsErrors: boolean
}

/** Of the process, for the package may be loaded twice in it, as ES modules and as CommonJS. */
export const kInside = Symbol.for('fastify-api-key-scopes.inside')

/** @throws {BadOptionsError} if the plugin is not there. */
export function insideOf (app: FastifyInstance, caller: string): Inside {
  const inside = (app as { [kInside]?: Inside })[kInside]
  if (inside === undefined) throw new BadOptionsError(`${caller} needs the plugin: register fastify-api-key-scopes on the app first`)
  return inside
}
