// JSON schemas of what the routes answer. `nullable` is OpenAPI's: @fastify/swagger and Ajv know what it means.

export const text = (description: string) => ({ type: 'string', description })
const time = (description: string) => ({ type: 'string', format: 'date-time', description })
const names = (description: string) => ({ type: 'array', items: { type: 'string' }, description })
const orNull = <Schema extends object> (schema: Schema) => ({ ...schema, nullable: true })

function object (properties: Readonly<Record<string, object>>, description?: string) {
  return { type: 'object', ...description !== undefined && { description }, properties, required: Object.keys(properties) }
}

const record = () => object({
  id: text('Names the key in these routes; says nothing about the secret'),
  name: text('What its owner calls it'),
  ownerId: orNull(text('Whose key it is')),
  start: text('The prefix and the first characters of the secret, to recognise the key'),
  scopes: names('The grant, as it was named'),
  createdAt: time('When it was made'),
  expiresAt: orNull(time('From when on it is refused; null: never')),
  revokedAt: orNull(time('When it was revoked')),
  revokedReason: orNull(text('Why')),
  disabledAt: orNull(time('Since when it is disabled')),
  lastUsedAt: orNull(time('When it was last used; null: never')),
  rotatedFrom: orNull(text('The id of the key that this one replaced'))
}, 'What is known about a key; never the key itself')

export const issued = () => object({ key: text('The API key. It is shown here and never again'), record: record() }, 'The new key')
export const one = () => object({ record: record() }, 'The key')
export const page = () => object({
  records: { type: 'array', items: record() },
  cursor: orNull(text('Asks for the next page; null after the last one'))
}, 'Keys, newest first')
export const nothing = () => ({ type: 'null', description: 'The key is revoked' })

export const usage = () => object({
  usage: object({
    lastUsedAt: orNull(time('When the key was last used; null: never')),
    scopes: { type: 'array', items: object({ name: text('A scope of its grant'), lastNeededAt: orNull(time('When it was last needed; null: never')) }) },
    unusedScopes: names('Those that were not needed for as long as was asked'),
    smallestGrant: names('The least that would have served every request seen')
  })
}, 'What the key has been used for')

export const current = () => ({
  description: 'Who is calling, and every scope that they have today',
  oneOf: [
    object({ type: { type: 'string', enum: ['apiKey'] }, record: record(), scopes: names('Included ones among them') }),
    object({ type: { type: 'string', enum: ['user'] }, id: text('The id of the user'), scopes: names('Included ones among them') })
  ]
})

export const picker = () => object({
  resources: {
    type: 'array',
    items: object({
      name: text('Empty for scopes of a single segment'),
      heading: text('For people'),
      description: text('A sentence, or empty'),
      scopes: {
        type: 'array',
        items: object({
          name: text('The scope'),
          description: text('For people'),
          includes: names('The other scopes of this list that it covers'),
          requires: names('What must be granted with it'),
          status: { type: 'string', enum: ['active', 'deprecated', 'planned', 'under-review'] },
          grantable: { type: 'boolean', description: 'Whether you may give it to a key' }
        })
      }
    })
  },
  presets: { type: 'array', items: object({ name: text('For people'), scopes: names('What it grants') }) },
  defaultGrant: orNull(names('What a key gets that is made without scopes; null: they must be named'))
}, 'The scopes of this API')

/** Nothing is required of it: an app may shape its errors itself. */
export function failure (description: string) {
  return {
    type: 'object',
    description,
    properties: { statusCode: { type: 'integer' }, code: { type: 'string' }, error: { type: 'string' }, message: { type: 'string' } }
  }
}
