/** What the tests of OpenAPI documents share. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { Validator } from '@seriousme/openapi-schema-validator'

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
