import type { FastifyInstance } from 'fastify'
import type { Catalog } from '../../scopes/catalog.js'
import { isInForce } from '../../scopes/entries.js'
import type { Grant } from '../../scopes/grant.js'
import type { ScopeName } from '../../scopes/register.js'
import { testKey } from '../test-key.js'

/** Somebody who makes requests. */
export interface Sender {
  readonly name: string
  readonly type: 'nobody' | 'apiKey' | 'user'
  /** What it may do; `null`: everything, or nothing where it is nobody. */
  readonly grant: Grant | null
  readonly headers: Readonly<Record<string, string>>
}

/** A user of the app, with a session. */
export interface TestUser {
  /** By which `authenticateUser` knows the user. */
  readonly headers: Readonly<Record<string, string>>
  /** What the session may do, as `authenticateUser` answers it. Left out: everything. */
  readonly scopes?: readonly ScopeName[]
}

export interface SenderOptions {
  /** Of each of these there is a key with it alone, and with what it requires. Default: every scope that can be granted. */
  readonly scopes?: readonly ScopeName[]
  /** More keys, by a name for each: what they are granted. */
  readonly grants?: Readonly<Record<string, readonly ScopeName[]>>
  /** Users, by a name for each. Without any, nothing is asked about users. */
  readonly users?: Readonly<Record<string, TestUser>>
}

/** Nobody, keys with nothing, with each scope, each preset and the default grant, and whoever else is named. The keys are made. */
export async function sendersFor (app: FastifyInstance, options: SenderOptions): Promise<readonly Sender[]> {
  const { catalog } = app.apiKeys
  const senders: Sender[] = [{ name: 'no key', type: 'nobody', grant: null, headers: {} }]
  const keys = new Map<string, string>()
  for (const [name, scopes] of grantsIn(catalog, options)) {
    const id = [...new Set(scopes)].sort().join(' ')
    if (keys.has(id)) continue
    keys.set(id, name)
    const { headers } = await testKey(app, scopes as readonly ScopeName[], { name: 'scope matrix' })
    senders.push({ name, type: 'apiKey', grant: catalog.grant(scopes), headers: { ...headers } })
  }
  for (const [name, { headers, scopes }] of Object.entries(options.users ?? {})) {
    senders.push({ name: `the user ${name}`, type: 'user', grant: scopes === undefined ? null : catalog.grant(scopes), headers })
  }
  return senders
}

function grantsIn (catalog: Catalog, { scopes, grants = {} }: SenderOptions): ReadonlyArray<readonly [name: string, scopes: readonly string[]]> {
  const single = scopes ?? [...catalog.scopes.values()].filter(isInForce).map(({ name }) => name)
  return [
    ['a key with no scope', []],
    ...single.map(scope => [`a key with ${completed([scope], catalog).join(', ')}`, completed([scope], catalog)] as const),
    ...[...catalog.presets].map(([name, names]) => [`a key with the preset ${name}`, completed(names, catalog)] as const),
    ...catalog.defaultGrant === undefined ? [] : [['a key with the default grant', completed(catalog.defaultGrant, catalog)] as const],
    ...Object.entries(grants).map(([name, names]) => [`a key with ${name}`, names] as const)
  ]
}

/** With what these scopes require, without which no key can have them. */
function completed (scopes: readonly string[], catalog: Catalog): readonly string[] {
  const missing = [...catalog.missingRequired(scopes).keys()]
  return missing.length === 0 ? scopes : completed([...scopes, ...missing], catalog)
}
