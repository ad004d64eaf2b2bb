// What may not be sent to the management routes, and what may: data for the tests. The app has the catalog of
// key-routes-app.ts and a `maxKeyLifetime` of 90 days.
import type { KeyOperation } from '../../lib/http/key-routes.js'

export interface Endpoint {
  readonly operation: KeyOperation | 'current' | 'scopes'
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** `<id>` stands for that of a key. */
  readonly url: string
  /** A body that is good. Left out: the route takes none. */
  readonly body?: Readonly<Record<string, unknown>>
  readonly fields: readonly string[]
  readonly parameters: readonly string[]
  readonly succeeds: number
}

export const ENDPOINTS: readonly Endpoint[] = [
  { operation: 'create', method: 'POST', url: '/api-keys', body: { name: 'x' }, fields: ['name', 'scopes', 'expiresAt'], parameters: [], succeeds: 201 },
  { operation: 'list', method: 'GET', url: '/api-keys', fields: [], parameters: ['ownerId', 'state', 'unusedFor', 'limit', 'cursor'], succeeds: 200 },
  { operation: 'get', method: 'GET', url: '/api-keys/<id>', fields: [], parameters: [], succeeds: 200 },
  { operation: 'update', method: 'PATCH', url: '/api-keys/<id>', body: {}, fields: ['name', 'scopes', 'disabled'], parameters: [], succeeds: 200 },
  { operation: 'rotate', method: 'POST', url: '/api-keys/<id>/rotate', body: {}, fields: ['gracePeriod', 'expiresAt'], parameters: [], succeeds: 201 },
  { operation: 'revoke', method: 'DELETE', url: '/api-keys/<id>', fields: [], parameters: ['reason'], succeeds: 204 },
  { operation: 'usage', method: 'GET', url: '/api-keys/<id>/usage', fields: [], parameters: ['unusedFor'], succeeds: 200 },
  { operation: 'current', method: 'GET', url: '/api-keys/current', fields: [], parameters: [], succeeds: 200 },
  { operation: 'scopes', method: 'GET', url: '/api-keys/scopes', fields: [], parameters: [], succeeds: 200 }
]

export const isForKeys = ({ operation }: Endpoint) => operation === 'current' || operation === 'scopes'
export const hasId = ({ url }: Endpoint) => url.includes('<id>')

/** A value that may not be, what is said of it, and whether a JSON schema cannot tell that. */
export type BadValue = readonly [value: unknown, message: RegExp, notBySchema?: 'not by schema']

const BAD_MOMENTS: readonly BadValue[] = [
  ...[0, 1, 3600, 1_735_689_600_000, true, [], {}, '', '3600', 'tomorrow', '2030-01-31', '2030-01-31T12:00:00', '2030-01-31 12:00:00Z', '20300131T120000Z', '2030-01-31T12:00:00+01', 'Thu, 31 Jan 2030 12:00:00 GMT',
    'P', 'PT', 'P1', 'P1DT', '-P1D', '+P1D', 'P-1D', 'P1.5D', 'p1d', '1D', 'P1H', 'PT1D', ' P1D', 'P1D\n', 'P1234567890D'
  ].map(value => [value, /expiresAt must be a Date, an ISO 8601/] as const),
  // These look right.
  ...['2030-02-31T12:00:00Z', '2030-13-01T12:00:00Z', '2030-01-31T25:00:00Z', '2030-01-31T12:00:00+99:00', 'P300000Y'].map(value => [value, /expiresAt must be a Date/, 'not by schema'] as const),
  ...['2020-01-01T00:00:00Z', 'PT0S', 'P0D'].map(value => [value, /expiresAt must be in the future/, 'not by schema'] as const),
  ...['P91D', 'P1Y', '2999-01-01T00:00:00Z', null].map(value => [value, /expiresAt must be .* or earlier.*: a key of this API may not live longer/, 'not by schema'] as const)
]

const BAD_LINES: readonly unknown[] = [7, 0, true, [], ['x'], {}, { toString: 'x' }, '', 'x'.repeat(201), 'a\nb', 'a\rb', '\u001B[31mred', 'a\0', 'a\u0085b', 'a\u2028b', '\u202Etxt.exe', '\u2066x']
const BAD_LINES_BEYOND_SCHEMAS = ['half \uD83D', '\u{1F511}'.repeat(101)]

/** By the field of a body. */
export const BAD_VALUES: Readonly<Record<string, readonly BadValue[]>> = {
  name: [
    ...[null, ...BAD_LINES].map(value => [value, /name must be a string of 1 to 200/] as const),
    ...BAD_LINES_BEYOND_SCHEMAS.map(value => [value, /name must be a string of 1 to 200/, 'not by schema'] as const)
  ],
  scopes: [
    ...[null, 'full', true, 0, {}, { 0: 'full', length: 1 }].map(value => [value, /scopes must be a list/] as const),
    ...[1, null, ['full'], {}, true, 'ful', 'Full', 'FULL', 'full ', ' full', 'apps:*', '*', '*:read', '__proto__', 'constructor', 'toString', '', 'apps:read apps:deploy', 'apps:read,apps:deploy', 'x'.repeat(10_000)
    ].map(value => [['apps:read', value], /unknown scope/] as const),
    [['apps:wipe'], /"apps:wipe" is planned/],
    [['nope:one', 'apps:wipe'], /unknown scope "nope:one".*"apps:wipe" is planned/],
    [['apps:scale'], /scopes must also name.*"hosts:read" \(required by "apps:scale"\)/, 'not by schema']
  ],
  expiresAt: BAD_MOMENTS,
  gracePeriod: [
    ...[null, 0, 3600, true, [], {}, '', '3600', '1h', 'PT', 'P', 'PT1.5H', '-PT1H', 'P1H', '2030-01-31T12:00:00Z'].map(value => [value, /gracePeriod must be an ISO 8601 duration/] as const),
    ['P300000Y', /gracePeriod must be an ISO 8601 duration/, 'not by schema']
  ],
  disabled: [null, 0, 1, 'true', 'false', '', [], {}].map(value => [value, /disabled must be true or false/] as const)
}

/** By the field of a body, and good in an app with the catalog of key-routes-app.ts. */
export const GOOD_VALUES: Readonly<Record<string, readonly unknown[]>> = {
  name: ['x', 'x'.repeat(200), 'CI & <deploy> "\\', '\u00FCber \u{1F511} \u65E5\u672C', ' ', '__proto__', '0'],
  scopes: [[], ['full'], ['apps:read', 'apps:read'], ['hosts:list'], ['hosts:old'], ['api:read', 'beta:try'], ['apps:scale', 'hosts:read']],
  expiresAt: ['P1D', 'PT1S', 'P1M', 'P12W', 'P1DT2H3M4S', () => new Date(Date.now() + 86_400_000).toISOString(), () => new Date(Date.now() + 86_400_000).toISOString().replace(/\.\d+Z$/, '+00:00')],
  gracePeriod: ['PT0S', 'PT1H', 'P7D', 'P1Y'],
  disabled: [true, false]
}

/** Members that no body and no query has, unless a route lists them: owners above all. */
export const STRANGE_FIELDS = [
  'ownerId', 'owner_id', 'ownerid', 'OwnerId', 'userId', 'user_id', 'user', 'owner', 'account', 'organizationId', 'as', 'all', 'actor', 'request', 'principal', 'impersonate',
  'id', 'key', 'digest', 'start', 'createdAt', 'revokedAt', 'disabledAt', 'lastUsedAt', 'metadata', 'rotatedFrom', 'pepperVersion', 'revokedReason',
  'name', 'scopes', 'expiresAt', 'gracePeriod', 'disabled', 'reason', 'limit', 'state', 'permissions', 'scope', 'Name', ' name', 'prefix', 'expiresIn', 'ttl', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', ''
]

/** Whole bodies, of routes that take one, with their content type (default: JSON). */
export const BAD_BODIES: ReadonlyArray<readonly [title: string, body: string | undefined, message: RegExp, type?: string, status?: number]> = [
  ['null', 'null', /body must be a JSON object \{/],
  ['a list', '[{"name":"x"}]', /body must be a JSON object \{/],
  ['an empty list', '[]', /body must be a JSON object \{/],
  ['a string', '"name"', /body must be a JSON object \{/],
  ['a number', '1', /body must be a JSON object \{/],
  ['true', 'true', /body must be a JSON object \{/],
  ['no body, which is said to be JSON', undefined, /empty/],
  ['an empty body', '', /empty/],
  ['half a body', '{"name":"x"', /not valid JSON/],
  ['two bodies', '{"name":"x"}{"name":"y"}', /not valid JSON/],
  ['no JSON', '{name:"x"}', /not valid JSON/],
  ['a prototype', '{"name":"x","__proto__":{"ownerId":"u2"}}', /not valid JSON/],
  ['a prototype in escapes', '{"\\u005f_proto__":{"ownerId":"u2"}}', /not valid JSON/],
  ['a prototype that is a string', '{"name":"x","__proto__":"u2"}', /not valid JSON/],
  ['a prototype further in', '{"scopes":[{"__proto__":{"ownerId":"u2"}}]}', /not valid JSON/],
  ['a constructor with a prototype', '{"constructor":{"prototype":{"ownerId":"u2"}}}', /not valid JSON/],
  ['text, as a form of another site may send it', '{"name":"x"}', /body must be a JSON object \{/, 'text/plain'],
  ['a form', 'name=x&ownerId=u2', /Unsupported Media Type/, 'application/x-www-form-urlencoded', 415],
  ['a form of parts', '--x\r\ncontent-disposition: form-data; name="name"\r\n\r\nx\r\n--x--\r\n', /Unsupported Media Type/, 'multipart/form-data; boundary=x', 415],
  ['XML', '<name>x</name>', /Unsupported Media Type/, 'application/xml', 415],
  ['a content type that is none', '{"name":"x"}', /Unsupported Media Type/, 'json', 415],
  ['a huge body', `{"name":"x","scopes":[${'"apps:read",'.repeat(200_000)}"apps:read"]}`, /too large/, 'application/json', 413],
  ['a huge name', `{"name":"${'x'.repeat(1_000_000)}"}`, /name must be|unknown field "name"/]
]

/** By the parameter of a query, as it stands in the URL. */
const BAD_TIMES = ['', '0', '90', '7776000000', 'P', 'P1', '-P1D', 'p1d', '2030-01-31', '2030-02-31T12:00:00Z', 'yesterday', 'null', '%00', 'P1D&unusedFor=P2D', '2999-01-01T12:00:00Z'].map(value => [value, /unusedFor must be an ISO 8601 duration/] as const)
const base64 = (text: string) => Buffer.from(text).toString('base64url')
export const BAD_PARAMETERS: Readonly<Record<string, ReadonlyArray<readonly [value: string, message: RegExp]>>> = {
  ownerId: ['u2', '', 'U1', 'u1%20', 'u1%00', 'null', 'u1&ownerId=u2', 'u2&ownerId=u1', '*', '%25'].map(value => [value, /ownerId cannot be chosen/]),
  state: ['', 'Active', 'ACTIVE', 'all', 'active,expired', 'active&state=expired', '0', 'null', '__proto__', 'constructor'].map(value => [value, /state must be one of active, disabled, expired, revoked/]),
  limit: ['', '0', '-1', '+1', '1.5', 'abc', '1001', 'Infinity', 'NaN', '1e2', '0x10', 'null', '[]', '%00', '%201', '1,2', '9007199254740993', '1&limit=2', '10&limit=abc'].map(value => [value, /limit must be a whole number from 1 to 1000/]),
  cursor: ['', 'x', 'null', '%00', 'AAAA', base64('1'), base64(' id'), base64('x id'), base64('1 '), base64('1e3 id'), base64('9999999999999999 id'), base64('{}'), base64('1 a\0b'), 'a'.repeat(4000), `${base64('1 id')}&cursor=${base64('2 id')}`
  ].map(value => [value, /cursor must be one that a page came with/]),
  reason: ['', '%00', 'a%0Ab', '%1B[31m', '%E2%80%AE', 'x'.repeat(201), 'a&reason=b'].map(value => [value, /reason must be a string of 1 to 200/])
}
/** The two that take one answer it alike. */
export const badParametersOf = (parameter: string) => parameter === 'unusedFor' ? BAD_TIMES : BAD_PARAMETERS[parameter]!

/** In place of an id, as it stands in the URL. The answer is 404 as for any other unknown id, unless said otherwise. */
export const BAD_IDS: ReadonlyArray<readonly [id: string, statuses?: readonly number[]]> = [
  ['unknown'], ['00000000-0000-0000-0000-000000000000'], ['null'], ['undefined'], ['NaN'], ['0'], ['-1'], ['*'], ['true'], ['[object%20Object]'],
  ['__proto__'], ['constructor'], ['toString'], ['hasOwnProperty'], ['%F0%9F%94%91'], ['%C3%BC'], ['%00'], ['a%00b'], ['a%0Ab'], ['%E2%80%AEx'], ['%EF%BF%BF'],
  ['..%2F..%2Fetc%2Fpasswd'], ['..%5C..'], ['%2E%2E%2Fx'], ['.'.repeat(20)], ['%27%20OR%201=1--'], ['$ne'], ['%7B%22$gt%22:%22%22%7D'], ['x'.repeat(100)],
  ['x'.repeat(101), [404, 414]], ['x'.repeat(300), [404, 414]], ['%ff', [400]], ['%', [400]]
]
