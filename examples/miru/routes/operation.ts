import type { FastifyContextConfig } from 'fastify'

export interface Id { Params: { id: string } }

interface JsonObject { type: 'object', properties: Record<string, object>, required?: string[], additionalProperties: false }

/** What a route says of itself: its operation id in the reference, who may call it, and what JSON body it takes. */
export function operation (operationId: string, config: FastifyContextConfig, body?: JsonObject) {
  return { config, schema: { operationId, ...body && { body } } }
}

/** An object with these members and no others. */
export function object (required: Record<string, object>, optional: Record<string, object> = {}): JsonObject {
  const names = Object.keys(required)
  return { type: 'object', properties: { ...required, ...optional }, ...names.length > 0 && { required: names }, additionalProperties: false }
}

export const text = { type: 'string', minLength: 1, maxLength: 1000 }
export const ids = { type: 'array', minItems: 1, items: text }
