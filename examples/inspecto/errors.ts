import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Denial } from 'fastify-api-key-scopes'

/** The shape of every error: `{ errors: [{ code, message, details? }] }`. */
function envelope (code: string, message: string, details?: object) {
  return { errors: [{ code, message, ...details && { details } }] }
}

function codeOf (statusCode: number): string {
  return CODES[statusCode] ?? (statusCode < 500 ? 'VALIDATION_ERROR' : 'INTERNAL_ERROR')
}

const CODES: Readonly<Record<number, string>> = { 401: 'UNAUTHORIZED', 403: 'FORBIDDEN', 404: 'NOT_FOUND', 503: 'SERVICE_UNAVAILABLE' }

/** "You can check which scopes your API key has by examining the error response when accessing a forbidden endpoint" */
export function formatDenial ({ statusCode, code, message, requiredScopes, grantedScopes }: Denial) {
  if (requiredScopes !== undefined) return envelope('FORBIDDEN', 'Insufficient permissions', { required: requiredScopes, available: grantedScopes })
  const isAboutKey = code === 'FST_API_KEY_REQUIRED' || code === 'FST_API_KEY_INVALID'
  return envelope(codeOf(statusCode), isAboutKey ? 'Invalid or missing API key' : message)
}

/** An error handler, for everything that is not a denial. */
export function answerError (error: FastifyError, { log }: FastifyRequest, reply: FastifyReply) {
  const { statusCode = 500, message } = error
  if (statusCode >= 500) log.error({ err: error }, 'request failed')
  return reply.code(statusCode).send(envelope(codeOf(statusCode), statusCode === 500 ? 'An unexpected error occurred' : message))
}
