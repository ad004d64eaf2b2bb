import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'

/**
 * Stands in for the sign-in of an application, FOR THE EXAMPLES ONLY: one administrator, who is recognised by a token
 * that is made at start and shown to whoever starts the example. Your own application has sessions of its own.
 */
export function adminSession () {
  const token = `session-${randomBytes(24).toString('base64url')}`
  const expected = digestOf(`Bearer ${token}`)

  return {
    token,
    authenticateUser ({ headers }: FastifyRequest) {
      return timingSafeEqual(digestOf(headers.authorization ?? ''), expected) ? { id: 'admin' } : null
    }
  }
}

function digestOf (text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
