// What is compared, in the order of the table. Each variant is a function of a file here: it makes a server that answers
// GET /hello, and the Authorization headers that are sent to it.
const HELLO = { status: 200, body: /^\{"hello":"world"\}$/ }
const MISSING_SCOPE = { status: 403, body: /"API key missing required scope: apps:deploy"/ }
const INVALID_KEY = { status: 401, body: /"Invalid API key"/ }

export const BARE = { name: 'bare', title: 'Fastify, no check at all', group: 'Fastify', file: 'fastify.mjs', start: 'bare', answer: HELLO }

export const VARIANTS = [
  BARE,
  { name: 'empty-hook', title: 'an empty onRequest hook', group: 'Fastify', file: 'fastify.mjs', start: 'emptyHook', answer: HELLO },
  { name: 'ours', title: 'ours', group: 'Fastify', file: 'ours.mjs', start: 'accepted', answer: HELLO },
  { name: 'ours-principal', title: 'ours, the handler reads request.principal', group: 'Fastify', file: 'ours.mjs', start: 'principal', answer: HELLO },
  { name: 'ours-403', title: 'ours, 403: a scope is missing', group: 'Fastify', file: 'ours.mjs', start: 'missingScope', answer: MISSING_SCOPE },
  { name: 'ours-401', title: 'ours, 401: an unknown key', group: 'Fastify', file: 'ours.mjs', start: 'unknownKey', answer: INVALID_KEY },
  { name: 'ours-user', title: 'ours, a user session', group: 'Fastify', file: 'ours.mjs', start: 'userSession', answer: HELLO },
  { name: 'bearer-auth', title: '@fastify/bearer-auth, one static key', group: 'Fastify', file: 'bearer-auth.mjs', start: 'staticKey', answer: HELLO },
  { name: 'bearer-auth-function', title: '@fastify/bearer-auth, async function: SHA-256, Map', group: 'Fastify', file: 'bearer-auth.mjs', start: 'asyncFunction', answer: HELLO },
  { name: 'raw-map', title: 'by hand: Map of raw headers (keeps the secrets in memory)', group: 'Fastify', file: 'by-hand.mjs', start: 'rawHeaders', answer: HELLO },
  { name: 'hash-set', title: 'by hand: async hook, SHA-256, Set', group: 'Fastify', file: 'by-hand.mjs', start: 'hashes', answer: HELLO }
]
