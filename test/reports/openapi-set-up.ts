/** What the tests of OpenAPI documents share. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { Validator } from '@seriousme/openapi-schema-validator'
import Fastify, { type FastifyInstance, type FastifySchema, type RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { Test } from 'tap'
import apiKeyScopes, { defineScopes, memoryStore, type ApiKeyScopesOptions, type RouteAccess } from '../../lib/index.js'

export const VERSIONS = ['3.0.3', '3.1.0'] as const

// What is in a document is not typed here: a test asserts what it is.
export type Loose = Record<string, any>

const validator = new Validator()

/** What is wrong with a document, `[]` if nothing is. */
export async function faultsOf (document: object): Promise<unknown> {
  // It resolves what it is given.
  const { valid, errors } = await validator.validate(structuredClone(document) as Record<string, unknown>)
  return valid ? [] : errors
}

/** Makes an app to which `@fastify/swagger` is added before anything else is. */
export async function withSwagger<T> (options: FastifyDynamicSwaggerOptions, build: () => Promise<T>): Promise<T> {
  const add = (message: unknown) => { (message as { fastify: FastifyInstance }).fastify.register(swagger, options) }
  subscribe('fastify.initialization', add)
  try {
    return await build()
  } finally {
    unsubscribe('fastify.initialization', add)
  }
}

/** The operations of a document, as `GET /pets/{id}`. */
export function operationsOf (document: object): Map<string, Loose> {
  const { paths } = document as Loose
  return new Map(Object.entries(paths as Loose).flatMap(([path, item]) => Object.entries(item as Loose).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation as Loose])))
}

export const scopes = defineScopes({
  full: { description: 'Everything', includes: '*' },
  a: 'A',
  b: 'B',
  c: 'C',
  'tick`s``': 'A name with backticks',
  old: { status: 'deprecated', replacedBy: 'a' }
})
export const handler = async () => 'ok'
export const when = () => true

export interface Made {
  readonly plugin?: Partial<ApiKeyScopesOptions>
  readonly options?: FastifyDynamicSwaggerOptions
  /** What is declared, after both plugins. */
  readonly routes: (app: FastifyInstance) => unknown
}

export async function made (t: Test, { plugin = {}, options = { openapi: {} }, routes }: Made) {
  const lines: Array<{ level: number, msg: string }> = []
  const app = Fastify({ logger: { stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } } })
  t.teardown(async () => { await app.close() })
  await app.register(apiKeyScopes, pluginOptions(plugin))
  await app.register(swagger, options)
  await app.register(fp(async app => { await routes(app) }))
  await app.ready()
  return { app, lines }
}

export function pluginOptions (plugin: Partial<ApiKeyScopesOptions> = {}): ApiKeyScopesOptions {
  return { scopes, store: memoryStore(), keyPrefix: 'acme', authenticateUser: () => null, ...plugin }
}

/** The operation of the one route, which is valid. */
export async function operationOf (t: Test, config: RouteAccess, { openapi = '3.0.3', schema, plugin, route = {}, more = {} }: { openapi?: string, schema?: FastifySchema, plugin?: Partial<ApiKeyScopesOptions>, route?: Partial<RouteOptions>, more?: Loose } = {}) {
  const { app } = await made(t, {
    ...plugin && { plugin },
    options: { openapi: { openapi, ...more } },
    routes: app => app.route({ method: 'POST', url: '/it', config, handler, ...schema && { schema }, ...route })
  })
  const document: Loose = app.swagger()
  t.same(await faultsOf(document), [], `is valid in OpenAPI ${openapi}`)
  return { operation: operationsOf(document).get('POST /it')!, components: document.components as Loose }
}

export function deepFrozen<T extends object> (value: T): T {
  for (const member of Object.values(value)) if (typeof member === 'object' && member !== null) deepFrozen(member)
  return Object.freeze(value)
}
