/** Compiling its schemas takes an app longer than answering a hundred requests. What was compiled for one app is kept for the next, which has the same. */
import { createRequire } from 'node:module'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'

type Compiler = (route: { readonly schema: unknown }) => unknown
type BuildValidator = (externalSchemas: unknown, options: unknown) => Compiler

// Fastify's own, as it would load it itself.
const { resolve } = createRequire(import.meta.url)
const pool: BuildValidator = createRequire(resolve('fastify'))('@fastify/ajv-compiler')()
const kept = new Map<Compiler, Map<string, unknown>>()

/** Makes the apps that are built meanwhile share what is compiled. */
export async function withKeptValidators<Result> (build: () => Promise<Result>): Promise<Result> {
  subscribe('fastify.initialization', share)
  try {
    return await build()
  } finally {
    unsubscribe('fastify.initialization', share)
  }
}

function share (message: unknown): void {
  const { fastify } = message as { fastify: FastifyInstance }
  fastify.setSchemaController({ compilersFactory: { buildValidator: buildValidator as never } })
}

function buildValidator (externalSchemas: unknown, options: unknown): Compiler {
  const compile = pool(externalSchemas, options)
  if (!kept.has(compile)) kept.set(compile, new Map())
  const validators = kept.get(compile)!
  return route => {
    const text = JSON.stringify(route.schema)
    if (!validators.has(text)) validators.set(text, compile(route))
    return validators.get(text)
  }
}
