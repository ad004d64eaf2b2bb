import { compare, inOrder, type Lock } from './lock.js'

/**
 * What stands in the file: JSON with a line for each route, each scope and each preset, in an order that does not depend on that of the
 * source. The same lock always has the same text, byte for byte.
 */
export function lockText ({ lockVersion, routes, notFound, scopes, defaultGrant, presets }: Lock): string {
  return `{
  "lockVersion": ${lockVersion},
  "routes": ${block('[', [...routes].sort(inOrder).map(inline), ']')},
  "notFound": ${inline(notFound)},
  "scopes": ${block('{', members(scopes), '}')},
  "defaultGrant": ${inline(defaultGrant)},
  "presets": ${block('{', members(presets), '}')}
}
`
}

function members (object: object): string[] {
  return Object.entries(object).sort(([a], [b]) => compare(a, b)).map(([name, value]) => `${quoted(name)}: ${inline(value)}`)
}

function block (open: string, lines: readonly string[], close: string): string {
  return lines.length === 0 ? open + close : `${open}\n${lines.map(line => `    ${line}`).join(',\n')}\n  ${close}`
}

/** On one line: `{ "route": "GET /", "scopes": ["a", "b"] }`. */
function inline (value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`
  if (typeof value !== 'object' || value === null) return quoted(value)
  const inside = Object.entries(value).sort(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b) || compare(a, b)).map(([name, member]) => `${quoted(name)}: ${inline(member)}`)
  return inside.length === 0 ? '{}' : `{ ${inside.join(', ')} }`
}

/** Of members. Any others, the names of constraints, come first. */
const ORDER = ['route', 'constraints', 'public', 'userOnly', 'scopes', 'anyOf', 'scopesWhen', 'description', 'scopesMode', 'includes', 'status', 'replacedBy']

/** Whoever reviews a change must not be shown another text than what stands there. */
function quoted (value: unknown): string {
  return JSON.stringify(value).replace(DECEPTIVE, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

const DECEPTIVE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu
