// What the tests of the management routes share.
import type { FastifyInstance, FastifyRequest, FastifyServerOptions, InjectOptions } from 'fastify'
import type { Test } from 'tap'
import { apiKeyRoutes, type ApiKeyRoutesOptions } from '../../lib/http/key-routes.js'
import { defineScopes, type ApiKeyScopesOptions, type Catalog, type KeyStore, type StoredKey } from '../../lib/index.js'
import { wireApp } from './wire-app.js'

export interface Shown {
  readonly id: string
  readonly name: string
  readonly ownerId: string
  readonly start: string
  readonly scopes: string[]
  readonly createdAt: string
  readonly expiresAt: string | null
  readonly revokedAt: string | null
  readonly revokedReason: string | null
  readonly disabledAt: string | null
  readonly rotatedFrom: string | null
}
/** The members of a record that are shown, in their order. */
export const SHOWN = ['id', 'name', 'ownerId', 'start', 'scopes', 'createdAt', 'expiresAt', 'revokedAt', 'revokedReason', 'disabledAt', 'lastUsedAt', 'rotatedFrom']
export interface Issued { readonly key: string, readonly record: Shown }
export interface Page { readonly records: Shown[], readonly cursor: string | null }
export interface Failure { readonly statusCode: number, readonly code: string, readonly message: string }

/** A catalog with something of everything. */
export const catalog: Catalog = defineScopes({
  full: { description: 'Everything', includes: '*' },
  'keys:manage': 'Manage API keys',
  'apps:read': 'List apps',
  'apps:deploy': { description: 'Deploy apps', includes: 'apps:read' },
  'apps:scale': { description: 'Scale apps', requires: 'hosts:list' },
  'apps:wipe': { description: 'Wipe apps', status: 'planned' },
  'hosts:read': 'List hosts',
  'hosts:list': { description: 'List hosts', status: 'deprecated', replacedBy: 'hosts:read' },
  'hosts:old': { description: 'What hosts could do once', status: 'deprecated' },
  'api:read': { description: 'All that reads', includes: '*:read', hidden: true },
  'beta:try': { description: 'Not for everybody', hidden: true }
}, {
  defaultGrant: ['apps:read'],
  presets: { Deploy: ['apps:deploy', 'hosts:list'] },
  resources: { hosts: { heading: 'Hosts', description: 'Where apps run.' }, apps: 'Apps', beta: 'Secret' }
})

/**
 * A user for the header `x-user`, with the scopes in `x-scopes` if it is there, who may give away those in `x-may-give`,
 * and who is an administrator if there is an `x-admin`.
 */
export function authenticateUser ({ headers }: FastifyRequest) {
  if (headers['x-user'] === undefined) return null
  const scopes = listIn(headers['x-scopes'])
  return { id: decodeURIComponent(String(headers['x-user'])), ...scopes && { scopes }, mayGive: listIn(headers['x-may-give']), admin: headers['x-admin'] }
}
export type TestUser = NonNullable<ReturnType<typeof authenticateUser>>

export const as = (user: string, scopes?: string, more: Record<string, string> = {}) => ({ 'x-user': encodeURIComponent(user), ...scopes !== undefined && { 'x-scopes': scopes }, ...more })

function listIn (header: string | string[] | undefined): string[] | undefined {
  return header === undefined ? undefined : String(header).split(' ').filter(Boolean)
}

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'HEAD'

export interface KeysAppOptions {
  readonly prefix?: string
  readonly plugin?: Partial<ApiKeyScopesOptions>
  readonly routes?: ApiKeyRoutesOptions
  readonly fastify?: FastifyServerOptions
  readonly before?: (app: FastifyInstance) => unknown
  readonly after?: (app: FastifyInstance) => unknown
}

/** An app with the management routes, and with those of `wireApp` unless it has another catalog. */
export async function keysApp (t: Test, { prefix = '', plugin = {}, routes = {}, fastify = {}, before, after }: KeysAppOptions = {}) {
  const wired = await wireApp(t, {
    fastify,
    bare: plugin.scopes !== undefined,
    plugin: { authenticateUser, apiKeyHeader: 'x-api-key', ...plugin },
    ...before && { before },
    after: async app => {
      await after?.(app)
      await app.register(apiKeyRoutes, { prefix, ...routes })
    }
  })
  const { app } = wired
  const store = plugin.store ?? wired.store
  const ask = async (method: Method, url: string, headers: Record<string, string>, payload?: InjectOptions['payload']) =>
    await app.inject({ method, url: `${prefix}${url}`, headers, ...payload !== undefined && { payload } })
  return {
    ...wired,
    ask,
    make: async (user: string, fields: object = {}, scopes?: string) => (await ask('POST', '/api-keys', as(user, scopes), { name: 'made', ...fields })).json<Issued>(),
    listOf: async (user: string, query = '') => (await ask('GET', `/api-keys${query}`, as(user))).json<Page>(),
    everything: async () => await everythingIn(store)
  }
}

/** All that a store holds, digests included; but not when keys were used, for that may change at any time. */
export async function everythingIn (store: KeyStore): Promise<string> {
  const all: readonly StoredKey[] = await store.list!({ limit: 10_000 })
  return JSON.stringify(all.map(({ lastUsedAt, ...key }) => key))
}
