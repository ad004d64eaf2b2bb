import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
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
  if (isForErrorHandler(request, answer) || refused.has(reply)) return
  refused.add(reply)
  reply.send = () => {
    // Back to the method of the prototype.
    Reflect.deleteProperty(reply, 'send')
    forgetError(reply)
    setStatus(reply, refusal)
    send(request, reply, refusal, answer)
    return reply
  }
}

/** Replies that were refused so already: an `onSend` hook that refuses what it is given must come to an end. */
const refused = new WeakSet<FastifyReply>()

/**
 * What is sent from now on is an answer. Fastify's notes say that an error is being handled, and by which handler: if
 * that one has rejected, it would take the answer for the next error, and if an `onSend` hook of the app fails on the
 * answer, there would be no handler left, which ends the process.
 */
function forgetError (reply: FastifyReply): void {
  for (const note of Object.getOwnPropertySymbols(reply)) {
    const kept = FASTIFYS_NOTES.get(note.description)
    if (kept !== undefined) Reflect.set(reply, note, kept)
  }
}

/** As they are in a reply that has seen no error. */
const FASTIFYS_NOTES = new Map<string | undefined, false | null>([
  ['fastify.reply.isError', false],
  ['fastify.reply.nextErrorHandler', null]
])

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
  return formatError === undefined && hasErrorHandler(request.server, ownErrorHandler)
}

/** Whether errors of routes declared on this instance are answered by a handler of the app, not by Fastify's own. */
export function hasErrorHandler ({ errorHandler }: FastifyInstance, ownErrorHandler: boolean): boolean {
  // Fastify binds every handler that an app sets, which shows in its name.
  return ownErrorHandler || errorHandler.name !== 'defaultErrorHandler'
}

/** A ready string passes every schema and serializer of a route untouched, so the body is the same on all of them. */
function send (request: FastifyRequest, reply: FastifyReply, refusal: Refusal, { formatError }: AnswerOptions): void {
  const body = formatError === undefined ? refusal.body : formatted(formatError, refusal, request)
  reply.serializer(asReady).header('content-type', 'application/json; charset=utf-8').send(body)
}

/** In place of a serializer that was set on the reply, the only one that is given strings too. */
function asReady (payload: unknown): string {
  return typeof payload === 'string' ? payload : JSON.stringify(payload)
}

function formatted (formatError: FormatError, { denial, body }: Refusal, request: FastifyRequest): string {
  try {
    // A copy: the denial may be that of others too.
    const shaped = formatError({ ...denial }, request)
    if (isPromise(shaped)) {
      // Nobody else will: a rejection that nobody takes ends the process.
      Promise.resolve(shaped).catch(() => {})
      throw new TypeError('formatError must answer at once, not with a promise')
    }
    const json: unknown = JSON.stringify(shaped)
    if (typeof json === 'string') return json
    request.log.error('formatError returned nothing that can be sent as JSON; the default body is sent instead')
  } catch (error) {
    request.log.error({ err: error }, 'formatError failed; the default body is sent instead')
  }
  return body
}

export function isPromise (value: unknown): boolean {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}
