// Only compiled, never run: what must not compile says so. No catalog is registered in this program.
import { apiKeyScopes, defineScopes, memoryStore, type ScopeName, type ScopeRequirement } from 'fastify-api-key-scopes'
import Fastify from 'fastify'

const app = Fastify()

const catalog = defineScopes({
  full: { description: 'All', includes: '*' },
  'devices:read': 'Read devices',
  'devices:write': { includes: ['devices:read'] },
  alias: { includes: ['devices:*', '*:read', 'a:*:c', '*:*'], hidden: true, status: 'planned' }
}, { defaultGrant: ['devices:read'], presets: { 'CI deploy': ['full', 'devices:write'] } })

/* The catalog knows its names. */

type Names = 'full' | 'devices:read' | 'devices:write' | 'alias'
type Same<A, B> = [A] extends [B] ? [B] extends [A] ? true : false : false
export const namesAreKnown: Same<typeof catalog extends { scopes: ReadonlyMap<infer Name, unknown> } ? Name : never, Names> = true

// @ts-expect-error -- a scope that is not there is no default
defineScopes({ a: '' }, { defaultGrant: ['b'] })
// @ts-expect-error -- nor in a preset
defineScopes({ a: '' }, { presets: { p: ['a', 'b'] } })
// @ts-expect-error -- a default grant is a list
defineScopes({ a: '' }, { defaultGrant: 'a' })
// @ts-expect-error -- an unknown option
defineScopes({ a: '' }, { defaultGrants: ['a'] })
// @ts-expect-error -- a scope that is not there cannot be included
defineScopes({ a: { includes: 'b' } })
// @ts-expect-error -- nor in a list
defineScopes({ a: { includes: ['c', 'b'] }, c: '' })
// @ts-expect-error -- a star within a segment is no pattern
defineScopes({ a: { includes: 'dev*' }, 'devices:read': '' })
// @ts-expect-error -- an unknown member
defineScopes({ a: { include: '*' } })
// @ts-expect-error -- an unknown status
defineScopes({ a: { status: 'retired' } })
defineScopes({ a: { requires: ['b'] }, b: { requires: 'a' }, old: { status: 'deprecated', replacedBy: 'a' } }, { resources: { x: 'X', y: { scopes: ['a:*'] } } })
// @ts-expect-error -- a scope that is not there cannot be required
defineScopes({ a: { requires: 'b' } })
// @ts-expect-error -- nor can a pattern
defineScopes({ a: { requires: 'x:*' }, 'x:y': '' })
// @ts-expect-error -- a scope that is not there replaces nothing
defineScopes({ a: { status: 'deprecated', replacedBy: 'b' } })
// @ts-expect-error -- an unknown member of a resource
defineScopes({ 'a:b': '' }, { resources: { a: { title: 'A' } } })
// @ts-expect-error -- no description
defineScopes({ a: null })

/* Requirements have three forms. */

export const requirements: Array<ScopeRequirement<Names>> = [
  'full', [], ['full', 'alias'], { anyOf: ['full', ['devices:read', 'devices:write']] },
  // @ts-expect-error -- a wrong name
  'devices:reed',
  // @ts-expect-error -- a wrong name in a list
  ['full', 'devices:reed'],
  // @ts-expect-error -- a wrong name in an alternative
  { anyOf: ['full', ['devices:reed']] },
  // @ts-expect-error -- a wrong member
  { anyof: ['full'] },
  // @ts-expect-error -- no list within a list
  ['full', ['alias']]
]

/* As long as no catalog is registered, a scope is any string. */

export const anyStringIsAName: Same<ScopeName, string> = true
await app.register(apiKeyScopes, { scopes: catalog, store: memoryStore(), keyPrefix: 'acme' })
app.get('/x', { config: { scopes: ['whatever', 'else'] } }, request => request.hasScopes('whatever'))
await app.apiKeys.create({ name: 'n', scopes: ['whatever'] })
// @ts-expect-error -- but nothing else than strings
app.get('/y', { config: { scopes: [1] } }, () => {})
// @ts-expect-error -- what people write when they mean config.scopes
app.get('/z', { config: { scope: 'full' } }, () => {})
