import type { Catalog } from './catalog.js'

/**
 * Tells the compiler which scopes your API has, so that a wrong name does not compile, and, if you like, what your
 * users are, as `authenticateUser` gives them:
 *
 * ```ts
 * declare module 'fastify-api-key-scopes' {
 *   interface Register { scopes: typeof scopes, user: { id: string, email: string } }
 * }
 * ```
 */
export interface Register {}

/** The names of the registered catalog, or any string as long as none is registered. */
export type ScopeName = Register extends { scopes: Catalog<infer Name> } ? Name : string
