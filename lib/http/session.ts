import type { FastifyRequest } from 'fastify'
import type { Catalog } from '../scopes/catalog.js'
import type { Identity, User } from './decision.js'
import { throttle } from './throttle.js'

/**
 * Tells who the user of a request is, by the application's own sessions, or `null` if it has none.
 *
 * Throwing an error with `statusCode` 401, as `request.jwtVerify()` does, means `null` too. Any other error means that
 * it cannot be told now, and is answered 503.
 */
export type AuthenticateUser<U extends User = User> = (request: FastifyRequest) => U | null | Promise<U | null>

/** What to ask, and whom to tell if it cannot be answered. */
export interface Sessions {
  readonly authenticateUser: AuthenticateUser
  readonly catalog: Catalog
  readonly failed: (error: unknown, request: FastifyRequest) => void
}

/** `undefined` if the app has no users. */
export function sessionsOf ({ authenticateUser, catalog }: { readonly authenticateUser: AuthenticateUser | undefined, readonly catalog: Catalog }): Sessions | undefined {
  if (authenticateUser === undefined) return undefined
  // A stranger may be able to make it fail, and must not be able to fill the log.
  const atTimes = throttle(1000)
  return {
    authenticateUser,
    catalog,
    failed (error, { log }) {
      atTimes(leftOut => { log.error({ err: error, failuresNotLogged: leftOut }, 'authenticateUser failed') })
    }
  }
}

/**
 * Asks `authenticateUser` and checks its answer.
 *
 * @param offered whether the request came with a Bearer value (that is no API key).
 */
export async function identifyUser ({ authenticateUser, catalog, failed }: Sessions, request: FastifyRequest, offered: boolean): Promise<Identity> {
  let user: User | null
  try {
    user = await authenticateUser(request) ?? null
    if (user !== null) checkUser(user)
  } catch (error) {
    if (statusOf(error) !== 401) {
      failed(error, request)
      return { type: 'usersUnavailable' }
    }
    user = null
  }
  if (user === null) return { type: offered ? 'noUser' : 'none' }
  return { type: 'user', user, grant: user.scopes === undefined ? null : catalog.grant(user.scopes) }
}

/** Anything but a user or `null` is a mistake in the application, and must not let anybody in. */
function checkUser (user: unknown): void {
  const { id, scopes } = Object(user) as Record<string, unknown>
  if (typeof id !== 'string' || id === '') {
    throw new TypeError('authenticateUser must return null, or a user whose id is a non-empty string')
  }
  if (scopes !== undefined && !(Array.isArray(scopes) && scopes.every(scope => typeof scope === 'string'))) {
    throw new TypeError('a user\'s scopes must be a list of strings, or left out')
  }
}

function statusOf (error: unknown): unknown {
  return typeof error === 'object' && error !== null ? (error as { statusCode?: unknown }).statusCode : undefined
}
