/** A JSON body with these members and no others. */
export function body (properties: Record<string, object>) {
  return { body: { type: 'object', required: Object.keys(properties), properties, additionalProperties: false } }
}

export const text = { type: 'string', minLength: 1, maxLength: 200 }
export const name = { type: 'string', pattern: '^[a-z][a-z0-9-]{0,39}$' }
export const count = { type: 'integer', minimum: 0, maximum: 100 }
