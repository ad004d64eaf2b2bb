import type { FastifyRequest } from 'fastify'
import { jwtSessions } from 'fastify-api-key-scopes/jwt'

export interface SessionUser { id: string, email: string }

// From here on, `request.principal.user` has an email.
declare module 'fastify-api-key-scopes' {
  interface Register { user: SessionUser }
}

/** Where users sign in: Clerk puts the origin of the front end into the `azp` claim of its session tokens. */
export const DASHBOARD = 'https://app.skaledata.com'

/** Accepts the session tokens of this issuer, as `https://clerk.skaledata.com`. */
export function sessionsOf (issuer: string) {
  return jwtSessions<SessionUser>({
    issuer,
    authorizedParties: [DASHBOARD],
    toUser: ({ sub, email }) => typeof email === 'string' ? { id: sub, email } : null
  })
}

/** The user of a request to a `userOnly` route. */
export function userOf ({ principal }: FastifyRequest): SessionUser {
  if (principal?.type !== 'user') throw new TypeError('only a userOnly route has a user for sure')
  return principal.user
}
