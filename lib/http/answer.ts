import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Denial, Refusal } from './denial.js'

/** Shapes the body of a denial. What it returns is sent as JSON, with the status and the headers of the denial. */
export type FormatError = (denial: Denial, request: FastifyRequest) => unknown

/**
 * Answers a refused request: in the shape of `formatError` if there is one, else through the app's error handler if it
 * has one, else with the default body.
 */
export function refuse (request: FastifyRequest, reply: FastifyReply, refusal: Refusal, answer: AnswerOptions, done: (error: Error) => void): void {
  setStatus(reply, refusal)
  if (isForErrorHandler(request, answer)) done(refusal.toError())
  else send(request, reply, refusal, answer)
}

/**
 * Does the same for a denial that a handler has thrown, and so is already on its way to the error handlers. To be
 * called in an `onError` hook, which runs before them but may not send: what they send is replaced.
 */
export function refuseThrown (request: FastifyRequest, reply: FastifyReply, refusal: Refusal, answer: AnswerOptions): void {
  setStatus(reply, refusal)
  if (isForErrorHandler(request, answer)) return
  reply.send = () => {
    // Back to the method of the prototype.
    Reflect.deleteProperty(reply, 'send')
    setStatus(reply, refusal)
    send(request, reply, refusal, answer)
    return reply
  }
}

export interface AnswerOptions {
  readonly formatError: FormatError | undefined
  /** Whether the route has an error handler of its own. */
  readonly ownErrorHandler: boolean
}

function setStatus (reply: FastifyReply, { denial, headers }: Refusal): void {
  // Before anything else: an error handler that forgets the status would answer 200.
  reply.code(denial.statusCode).headers(headers)
}

function isForErrorHandler (request: FastifyRequest, { formatError, ownErrorHandler }: AnswerOptions): boolean {
  // Fastify binds every handler that an app sets, which shows in its name.
  return formatError === undefined && (ownErrorHandler || request.server.errorHandler.name !== 'defaultErrorHandler')
}

/** A ready string passes every serializer untouched, so the body is the same on every route. */
function send (request: FastifyRequest, reply: FastifyReply, refusal: Refusal, { formatError }: AnswerOptions): void {
  const body = formatError === undefined ? refusal.body : formatted(formatError, refusal, request)
  reply.header('content-type', 'application/json; charset=utf-8').send(body)
}

function formatted (formatError: FormatError, { denial, body }: Refusal, request: FastifyRequest): string {
  try {
    const json: unknown = JSON.stringify(formatError(denial, request))
    if (typeof json === 'string') return json
    request.log.error('formatError returned nothing that can be sent as JSON; the default body is sent instead')
  } catch (error) {
    request.log.error({ err: error }, 'formatError failed; the default body is sent instead')
  }
  return body
}
