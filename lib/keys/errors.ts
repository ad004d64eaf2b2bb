import createError from '@fastify/error'

/** A call of `app.apiKeys` or of a management route was given something that cannot be right; the message names it. */
export const InvalidInputError = createError<[string]>('FST_API_KEY_INVALID_INPUT', '%s', 400)

/** With `{ as }`: scopes that the user, or the key, may not give away. */
export const BeyondGrantError = createError<[string]>('FST_API_KEY_BEYOND_GRANT', 'You cannot give away scopes that you do not have: %s', 403)

/** With `{ as }`: an API key that belongs to nobody wants to manage keys, and so has none to manage. */
export const OwnerlessKeyError = createError('FST_API_KEY_OWNERLESS', 'This API key belongs to nobody, so it cannot manage API keys', 403)

/** With `{ as }`: the API key was revoked, disabled or rotated away, or has expired, since it was verified. */
export const EndedKeyError = createError('FST_API_KEY_ENDED', 'This API key has ended, so it cannot manage API keys any more', 403)

/** Each key is rotated once; of two rotations at the same time one gets this. */
export const AlreadyRotatedError = createError('FST_API_KEY_ALREADY_ROTATED', 'This API key was rotated already; rotate its successor', 409)

/** A key that is changed by so many at the same time that this change never had its turn. */
export const ConflictError = createError('FST_API_KEY_CONFLICT', 'This API key is being changed by others at the same time; try again', 409)

/** The store failed, or did not answer in time. What it said is the `cause`, and never reaches a client. */
export const StoreUnavailableError = createError('FST_API_KEY_STORE_UNAVAILABLE', 'API keys cannot be verified right now', 503)

/** `grantable`, `ownerScopes` or `canManageAll` failed, or answered something that cannot be right. */
export const RightsUnavailableError = createError('FST_API_KEY_RIGHTS_UNAVAILABLE', 'What you may do with API keys cannot be told right now', 503)

/** With `audit: { required: true }`: the sink did not take the event, so nothing was done. */
export const AuditUnavailableError = createError('FST_API_KEY_AUDIT_UNAVAILABLE', 'This cannot be recorded right now, so it was not done', 503)

/** With `usage: false`: nobody notes when keys are used, so everything would seem unused. */
export const UsageOffError = createError('FST_API_KEY_USAGE_OFF', 'It is not noted when API keys are used (usage: false), so it cannot be told', 500)

/** The store cannot do what was asked of it, for it lacks an optional method of the contract. */
export const StoreIncapableError = createError<[string, string]>('FST_API_KEY_STORE_INCAPABLE', 'This store has no method %s, so app.apiKeys.%s is not available', 500)
