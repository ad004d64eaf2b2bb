import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyInstance } from 'fastify'
import { NOT_FOUND } from './collection.js'

/** All errors, those of fastify-api-key-scopes among them, as the API reference has them: `{ id, message }`. */
export function answerErrors (app: FastifyInstance): void {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const { statusCode = 500, code, message } = error
    if (statusCode >= 500) request.log.error(error)
    reply.code(statusCode)
    return { id: idOf(statusCode), message: statusCode === 500 ? 'Something went wrong here' : message, ...code && { code } }
  })

  app.setNotFoundHandler((_, reply) => {
    reply.code(404)
    return { id: idOf(404), message: NOT_FOUND }
  })
}

/** `not_found`, `forbidden`: the name of the status. */
function idOf (statusCode: number): string {
  return (STATUS_CODES[statusCode] ?? 'error').toLowerCase().replaceAll(' ', '_')
}
