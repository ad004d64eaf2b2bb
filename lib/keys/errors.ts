import createError from '@fastify/error'

/** A call of `app.apiKeys` or of a management route was given something that cannot be right; the message names it. */
export const InvalidInputError = createError<[string]>('FST_API_KEY_INVALID_INPUT', '%s', 400)

/** With `{ as: user }`: a scope that the user's own session does not have. */
export const BeyondGrantError = createError<[string]>('FST_API_KEY_BEYOND_GRANT', 'You cannot give away scopes that you do not have: %s', 403)

/** The store failed, or did not answer in time. What it said is the `cause`, and never reaches a client. */
export const StoreUnavailableError = createError('FST_API_KEY_STORE_UNAVAILABLE', 'API keys cannot be verified right now', 503)

/** The store cannot do what was asked of it, for it lacks an optional method of the contract. */
export const StoreIncapableError = createError<[string, string]>('FST_API_KEY_STORE_INCAPABLE', 'This store has no method %s, so app.apiKeys.%s is not available', 500)
