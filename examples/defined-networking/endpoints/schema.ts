/** A JSON body with these members: those of `required`, and no others than those of `optional` beside them. */
export function body (required: Record<string, object>, optional: Record<string, object> = {}) {
  return {
    body: { type: 'object', required: Object.keys(required), properties: { ...required, ...optional }, additionalProperties: false }
  }
}

export const name = { type: 'string', minLength: 1, maxLength: 255 }
export const description = { type: 'string', maxLength: 255 }
export const flag = { type: 'boolean' }
export const nullable = (schema: object) => ({ anyOf: [schema, { type: 'null' }] })
export const listOf = (items: object) => ({ type: 'array', items })
export const cidr = { type: 'string', pattern: '^[0-9a-fA-F.:]+/[0-9]{1,3}$' }
/** One half of a tag. */
export const word = { type: 'string', pattern: '^[^:/\\s]{1,50}$' }
