import { inWords } from '../figures.mjs'

/** Prints what `inProcesses` has answered. */
export function show (rows) {
  console.table(rows.map(({ name, size, nanoseconds, ratio }) => ({ what: name, size, 'nanoseconds a call': inWords(nanoseconds), ...ratio !== undefined && { 'ratio to bare Fastify': inWords(ratio) } })))
}
