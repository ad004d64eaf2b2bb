// What is compared, in the order of the table. Each variant is a function of a file here: it makes a server that answers
// GET /hello, and says which Authorization headers are to be sent to it, each of them `once` or at random again and again; `only` our
// own load generator can send some of them.
const HELLO = { status: 200, body: /^\{"hello":"world"\}$/ }
const MISSING_SCOPE = { status: 403, body: /"API key missing required scope: apps:deploy"/ }
const USER_ONLY = { status: 403, body: /"FST_API_KEY_USER_ONLY"/ }
const INVALID_KEY = { status: 401, body: /"Invalid API key"/ }
const KEY_REQUIRED = { status: 401, body: /"API key required"/ }
const MALFORMED = { status: 400, body: /"Malformed credentials"/ }

/** What every other is measured against. */
export const BARE = variant('bare', 'Fastify, no check at all', 'fastify.mjs', 'bare')

export const VARIANTS = [
  ...grouped('On Fastify',
    BARE,
    variant('empty-hook', 'an empty onRequest hook', 'fastify.mjs', 'emptyHook'),
    variant('ours', 'ours, all keys in use', 'ours.mjs', 'accepted'),
    variant('ours-1000', 'ours, 1,000 of the keys in use', 'ours.mjs', 'fewInUse'),
    variant('ours-principal', 'ours, the handler reads request.principal', 'ours.mjs', 'principal'),
    variant('ours-user', 'ours, a user session', 'ours.mjs', 'userSession'),
    variant('bearer-auth', '@fastify/bearer-auth, one static key', 'bearer-auth.mjs', 'staticKey'),
    variant('bearer-auth-function', '@fastify/bearer-auth, async function: SHA-256, Map', 'bearer-auth.mjs', 'asyncFunction'),
    variant('auth', '@fastify/auth: SHA-256, Map, and scope', 'auth.mjs', 'composed'),
    variant('jwt', '@fastify/jwt, HS256, scope in a hook', 'jwt.mjs', 'verified'),
    variant('jwt-cache', '@fastify/jwt with its cache', 'jwt.mjs', 'cached'),
    variant('raw-map', 'by hand: Map of raw headers (secrets in memory)', 'by-hand.mjs', 'rawHeaders'),
    variant('hash-set', 'by hand: async hook, SHA-256, Set', 'by-hand.mjs', 'hashes'),
    variant('better-auth', 'better-auth, API-key plugin, keys in a Map', 'better-auth.mjs', 'secondaryStorage'),
    variant('better-auth-memory', 'better-auth, API-key plugin, memory database', 'better-auth.mjs', 'memoryDatabase')
  ),
  ...grouped('Ours, what is refused',
    variant('ours-refuses-scope', 'ours, 403: a scope is missing', 'ours.mjs', 'missingScope', { answer: MISSING_SCOPE }),
    variant('ours-refuses-user-only', 'ours, 403: a key, where users alone may come', 'ours.mjs', 'userOnly', { answer: USER_ONLY }),
    variant('ours-refuses-none', 'ours, 401: no credentials', 'ours.mjs', 'noCredentials', { answer: KEY_REQUIRED, only: true }),
    variant('ours-refuses-shape', 'ours, 401: too short for a key', 'ours.mjs', 'shortKey', { answer: INVALID_KEY }),
    variant('ours-refuses-checksum', 'ours, 401: a wrong checksum', 'ours.mjs', 'wrongChecksum', { answer: INVALID_KEY }),
    variant('ours-refuses-seen', 'ours, 401: 5,000 unknown keys, again and again', 'ours.mjs', 'unknownKeys', { answer: INVALID_KEY }),
    variant('ours-refuses-new', 'ours, 401: unknown keys, each of them new', 'ours.mjs', 'newUnknownKeys', { answer: INVALID_KEY, once: true }),
    variant('ours-refuses-revoked', 'ours, 401: revoked keys', 'ours.mjs', 'revoked', { answer: INVALID_KEY }),
    variant('ours-refuses-disabled', 'ours, 401: disabled keys', 'ours.mjs', 'disabled', { answer: INVALID_KEY }),
    variant('ours-refuses-expired', 'ours, 401: expired keys', 'ours.mjs', 'expired', { answer: INVALID_KEY }),
    variant('ours-refuses-two', 'ours, 400: two Authorization headers', 'ours.mjs', 'twoCredentials', { answer: MALFORMED, only: true })
  ),
  ...grouped('Ours, each key for the first time',
    variant('ours-cold-memory', 'keys in memory', 'ours.mjs', 'accepted', { once: true }),
    variant('ours-cold-sqlite', 'keys in SQLite', 'ours.mjs', 'stored', { once: true, store: 'sqlite' }),
    variant('ours-cold-postgres', 'keys in PostgreSQL', 'ours.mjs', 'stored', { once: true, store: 'postgres' }),
    variant('ours-cold-redis', 'keys in Redis', 'ours.mjs', 'stored', { once: true, store: 'redis' })
  ),
  ...grouped('Other frameworks',
    variant('hono', 'Hono, no check at all', 'hono.mjs', 'bare'),
    variant('hono-bearer-auth', 'Hono bearer-auth, async function: SHA-256, Map', 'hono.mjs', 'withBearerAuth'),
    variant('hapi', 'hapi, no check at all', 'hapi.mjs', 'bare'),
    variant('hapi-scopes', 'hapi, scheme with SHA-256 and Map, scope on the route', 'hapi.mjs', 'withScopes')
  )
]

function variant (name, title, file, start, more = {}) {
  return { name, title, file, start, answer: HELLO, ...more }
}

function grouped (group, ...variants) {
  return variants.map(each => ({ ...each, group }))
}
