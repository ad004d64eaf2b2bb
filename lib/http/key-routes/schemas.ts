import { DURATION } from '../../keys/duration.js'
import { ISO_8601 } from '../../keys/key-fields.js'
import type { Catalog } from '../../scopes/catalog.js'
import { isInForce } from '../../scopes/entries.js'
import * as answer from './answer-schemas.js'
import type { KeyOperation } from './options.js'

export type RouteName = KeyOperation | 'current' | 'scopes'

export interface Fields {
  readonly type: 'object'
  readonly properties: Readonly<Record<string, object>>
  readonly required?: readonly string[]
  readonly additionalProperties: false
}

export interface RouteSchema {
  readonly tags: readonly string[]
  readonly summary: string
  readonly params?: Fields
  readonly querystring: Fields
  readonly body?: Fields
  readonly response: Readonly<Record<number, object>>
}

/**
 * JSON schemas (draft 7) of what the routes take and answer. They document the routes, for `@fastify/swagger` say, and tell
 * which fields there are. What is in the fields is checked by the calls of `app.apiKeys`.
 */
export function schemasOf (catalog: Catalog): Readonly<Record<RouteName, RouteSchema>> {
  const inForce = [...catalog.scopes.values()].filter(isInForce).map(({ name }) => name)
  const scopes = { type: 'array', items: { type: 'string', ...inForce.length > 0 && { enum: inForce } } }

  return {
    create: route('Make an API key', {
      body: fields({
        name: NAME,
        scopes: { ...scopes, description: 'The grant; an empty list opens only what needs no scope. Left out: the default grant' },
        expiresAt: { ...MOMENT, nullable: true, description: `When it expires: ${MOMENT.description}; null: never. Left out: as late as allowed` }
      }, catalog.defaultGrant === undefined ? ['name', 'scopes'] : ['name']),
      response: { 201: answer.issued(), 400: INVALID, 403: BEYOND }
    }),
    list: route('List API keys, newest first', {
      querystring: fields({
        ownerId: answer.text('Only the keys of this owner; others than oneself are for administrators'),
        state: { type: 'string', enum: ['active', 'disabled', 'expired', 'revoked'], description: 'Only keys in this state' },
        unusedFor: { ...MOMENT, description: 'Only keys that were made longer ago than this and not used since: an ISO 8601 duration, or a date and time with its zone' },
        limit: { type: 'integer', minimum: 1, maximum: 1000, default: 100, description: 'How many at most' },
        cursor: answer.text('The cursor of the page before')
      }),
      response: { 200: answer.page(), 400: INVALID, 403: FORBIDDEN }
    }),
    get: route('Get an API key', {
      params: ID,
      response: { 200: answer.one(), 400: INVALID, 403: FORBIDDEN, 404: UNKNOWN }
    }),
    update: route('Change an API key', {
      params: ID,
      body: fields({
        name: NAME,
        scopes: { ...scopes, description: 'The whole new grant' },
        disabled: { type: 'boolean', description: 'true: the key is refused until this is false again' }
      }),
      response: { 200: answer.one(), 400: INVALID, 403: BEYOND, 404: UNKNOWN }
    }),
    rotate: route('Replace an API key by a new one with the same grant', {
      params: ID,
      body: fields({
        gracePeriod: { ...PERIOD, default: 'PT1H', description: 'How long the old key works beside the new one: an ISO 8601 duration' },
        expiresAt: { ...MOMENT, nullable: true, description: `When the new key expires: ${MOMENT.description}; null: never. Left out: it lives as long as the old one was to` }
      }),
      response: { 201: answer.issued(), 400: INVALID, 403: BEYOND, 404: UNKNOWN, 409: answer.failure('The key was rotated already') }
    }),
    revoke: route('Revoke an API key for good', {
      params: ID,
      querystring: fields({ reason: { ...LINE, description: 'Why, for the record' } }),
      response: { 204: answer.nothing(), 400: INVALID, 403: FORBIDDEN, 404: UNKNOWN }
    }),
    usage: route('What an API key has been used for', {
      params: ID,
      querystring: fields({ unusedFor: { ...MOMENT, description: `Since when a scope must not have been needed to count as unused: ${MOMENT.description}, ago. Left out: ever` } }),
      response: { 200: answer.usage(), 400: INVALID, 403: FORBIDDEN, 404: UNKNOWN }
    }),
    current: route('Who is calling, and what they may do', { response: { 200: answer.current(), 400: INVALID } }),
    scopes: route('The scopes of this API, for a form', { response: { 200: answer.picker(), 400: INVALID } })
  }
}

function route (summary: string, { querystring = fields({}), response, ...rest }: Omit<RouteSchema, 'tags' | 'summary' | 'querystring'> & Partial<Pick<RouteSchema, 'querystring'>>): RouteSchema {
  return { tags: ['API keys'], summary, querystring, ...rest, response: { ...response, 401: UNKNOWN_CALLER, 503: UNAVAILABLE } }
}

function fields (properties: Fields['properties'], required: readonly string[] = []): Fields {
  // OpenAPI has no empty list here.
  return { type: 'object', properties, ...required.length > 0 && { required }, additionalProperties: false }
}

/** Without what `isText` of keys/key-fields.ts refuses; halves of surrogate pairs cannot be told in every dialect of patterns. */
const LINE = { type: 'string', minLength: 1, maxLength: 200, pattern: '^[^\\u0000-\\u001F\\u007F-\\u009F\\u061C\\u200E\\u200F\\u2028-\\u202E\\u2066-\\u2069]*$' }
const NAME = { ...LINE, description: 'What its owner calls it' }
const PERIOD = { type: 'string', pattern: DURATION.source }
const MOMENT = { type: 'string', pattern: `${ISO_8601.source}|${DURATION.source}`, description: 'an ISO 8601 date and time with its zone, or a duration from now' }
const ID = fields({ id: answer.text('The id of the key') }, ['id'])

const INVALID = answer.failure('Something in the request is wrong; the message names it')
const UNKNOWN_CALLER = answer.failure('Nobody who is known')
const FORBIDDEN = answer.failure('Not for this caller')
const BEYOND = answer.failure('Not for this caller, or more than they may give away; the message names the scopes')
const UNKNOWN = answer.failure('There is no such key')
const UNAVAILABLE = answer.failure('It cannot be told, or done, right now')
