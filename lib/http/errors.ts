import createError from '@fastify/error'

// Every denial, as it stands on the wire. StoreUnavailableError (503) is in keys/errors.ts.
export const ApiKeyRequiredError = createError('FST_API_KEY_REQUIRED', 'API key required', 401)
export const MalformedCredentialsError = createError('FST_API_KEY_MALFORMED', 'Malformed credentials', 400)
export const InvalidApiKeyError = createError('FST_API_KEY_INVALID', 'Invalid API key', 401)
export const MissingScopeError = createError<[string, string]>('FST_API_KEY_MISSING_SCOPE', '%s missing required %s', 403)
export const UserOnlyError = createError('FST_API_KEY_USER_ONLY', 'This endpoint requires a user session and does not accept API keys', 403)
export const UserSessionRequiredError = createError('FST_USER_SESSION_REQUIRED', 'User session required', 401)
export const UnannotatedRouteError = createError('FST_API_KEY_UNANNOTATED_ROUTE', 'This endpoint has no access policy', 403)
export const UserSessionUnavailableError = createError('FST_USER_SESSION_UNAVAILABLE', 'User sessions cannot be verified right now', 503)

/** Another hook led the request past the check; it is refused before its handler runs. */
export const NoDecisionError = createError('FST_API_KEY_NO_DECISION', 'This request was not checked', 500)

/** A key-management route was asked for a key that does not exist, or is somebody else's. */
export const ApiKeyNotFoundError = createError('FST_API_KEY_NOT_FOUND', 'API key not found', 404)

// Of fastify-api-key-scopes/secret-scanning.
export const LeakReportUnverifiedError = createError<[string]>('FST_API_KEY_LEAK_REPORT_UNVERIFIED', 'This leak report is not signed by GitHub: %s', 400)
export const LeakReportMalformedError = createError<[string]>('FST_API_KEY_LEAK_REPORT_MALFORMED', 'This leak report cannot be read: %s', 400)
export const GitHubKeysUnavailableError = createError('FST_API_KEY_GITHUB_KEYS_UNAVAILABLE', 'The signature of this leak report cannot be checked right now', 503)

/** Some keys could not be looked up, or not be revoked; the `cause` is why the first one could not. The others are revoked. */
export const LeakReportUnfinishedError = createError('FST_API_KEY_LEAK_REPORT_UNFINISHED', 'Not every leaked API key could be revoked; send the report again', 503)

// What keeps an app from starting.
export const BadOptionsError = createError<[string]>('FST_API_KEY_BAD_OPTIONS', 'fastify-api-key-scopes: %s', 500)
export const BadRouteError = createError<[string, string]>('FST_API_KEY_BAD_ROUTE', '%s: %s', 500)
export const UnannotatedRoutesError = createError<[string]>('FST_API_KEY_UNANNOTATED_ROUTES', '%s', 500)

/** What is told of all routes of an app was asked for before all of them were there. */
export const NotReadyError = createError<[string]>('FST_API_KEY_NOT_READY', 'app.apiKeys.%s needs all routes to be there: await app.ready() first', 500)

/** A lock file that cannot be compared with an app; the message says why. */
export const BadLockError = createError<[string]>('FST_API_KEY_BAD_LOCK', 'the lock file %s; write it anew with: api-key-scopes lock', 500)
