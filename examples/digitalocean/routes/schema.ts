export type Properties = Readonly<Record<string, object>>

/** A JSON body with these members, perhaps those, and no others. */
export function body (required: Properties, optional: Properties = {}) {
  const names = Object.keys(required)
  return { body: { type: 'object', ...names.length > 0 && { required: names }, properties: { ...required, ...optional }, additionalProperties: false } }
}

/** A JSON body with at least one of these members, and no others. */
export function someOf (properties: Properties) {
  return { body: { type: 'object', minProperties: 1, properties, additionalProperties: false } }
}

export function oneOf (...values: string[]) {
  return { enum: values }
}

export const text = { type: 'string', minLength: 1, maxLength: 500 }
export const texts = { type: 'array', items: text, maxItems: 50 }
export const count = { type: 'integer', minimum: 1, maximum: 100_000 }
export const flag = { type: 'boolean' }
