import type { ReferenceEndpoint, ReferenceScope, ScopeReference } from './model.js'

/** What stands in every form of the page, and how it is put. */

/** Scopes that can be granted, by resource. */
export function resourcesInForce ({ resources }: ScopeReference): ScopeReference['resources'] {
  return resources.map(resource => ({ ...resource, scopes: resource.scopes.filter(isInForce) })).filter(({ scopes }) => scopes.length > 0)
}

/** Scopes that can not be granted yet. */
export function futureScopes ({ resources }: ScopeReference): readonly ReferenceScope[] {
  return resources.flatMap(({ scopes }) => scopes).filter(scope => !isInForce(scope))
}

function isInForce ({ status }: ReferenceScope): boolean {
  return status === 'active' || status === 'deprecated'
}

export const STATUS: { readonly [Status in ReferenceScope['status']]: string } = {
  active: 'Active',
  deprecated: 'Deprecated',
  planned: 'Planned',
  'under-review': 'Under Review'
}

/** Something to say of a scope, beside its description. */
export interface Note {
  readonly label: string
  /** Go before the names, or stand alone; what stands for itself, such as a pattern, in a list of its own. */
  readonly words: ReadonlyArray<string | readonly [code: string]>
  readonly names: readonly string[]
}

/** What a scope has to do with others. */
export function notesOf (scope: ReferenceScope, reference: ScopeReference): readonly Note[] {
  const { replacedBy, replaces, includes, includedIn, requires } = scope
  if (replacedBy !== null) return [{ label: 'Replaced by', words: [], names: [replacedBy] }]
  // What includes everything says so itself.
  const everything = new Set(reference.resources.flatMap(({ scopes }) => scopes).filter(({ includes }) => includes.all).map(({ name }) => name))
  const notes: Note[] = [
    includes.all ? { label: 'Includes', words: [includes.patterns.includes('*') ? 'every scope, now and later' : 'every scope'], names: [] } : inclusionNote(includes),
    { label: 'Included in', words: [], names: includedIn.filter(name => !everything.has(name)) },
    { label: 'Requires', words: [], names: requires },
    { label: 'Formerly', words: [], names: replaces }
  ]
  return notes.filter(({ words, names }) => words.length > 0 || names.length > 0)
}

function inclusionNote ({ patterns, scopes }: ReferenceScope['includes']): Note {
  const words = patterns.flatMap((pattern, i) => [i === 0 ? 'all of' : 'and', [pattern] as const])
  return { label: 'Includes', words: words.length === 0 ? [] : [...words, 'now and later:'], names: scopes }
}

/** What is to be said of an endpoint beside one of its scopes: `null` if that scope is all that it needs. */
export function needsBeside ({ scopes, conditions, needs }: ReferenceEndpoint, { name, replacedBy }: ReferenceScope): string | null {
  const isIn = (alternatives: ReferenceEndpoint['scopes']) => alternatives.flat().includes(replacedBy ?? name)
  if (!isIn(scopes)) {
    const why = conditions.filter(condition => isIn(condition.scopes) && condition.description !== '').map(({ description }) => description)
    return ['for some requests', ...why].join(why.length === 1 ? ': ' : '; ')
  }
  const isAlone = scopes.length === 1 && scopes[0]!.length === 1
  if (conditions.length > 0) return isAlone ? 'some requests need more' : 'depends on the request'
  return isAlone ? null : needs
}

/** What a scope opens without being named for it, or that it opens nothing. */
export function opensBeside ({ includes, endpoints }: ReferenceScope): string | null {
  if (includes.all) return 'every endpoint that needs a scope'
  if (includes.scopes.length > 0) return endpoints.length === 0 ? 'the endpoints of the scopes it includes' : 'and those of the scopes it includes'
  return endpoints.length === 0 ? 'no endpoints' : null
}

/** Every endpoint that is told of, once. */
export function endpointCount ({ resources, severalScopes, anyKey, userOnly, public: everybody }: ScopeReference): number {
  const all = [...resources.flatMap(({ scopes }) => scopes).flatMap(({ endpoints }) => endpoints), ...severalScopes, ...anyKey, ...userOnly, ...everybody]
  return new Set(all.map(endpointKey)).size
}

/** No two endpoints have the same. */
export function endpointKey ({ method, url, constraints }: ReferenceEndpoint): string {
  return JSON.stringify([method, url, constraints])
}

/** Of a URL as Fastify takes it, what readers of API references know: `/hosts/{id}` for `/hosts/:id`. What is less plain stays as it is. */
export function urlText ({ url, constraints }: ReferenceEndpoint): string {
  const conditions = Object.entries(constraints).map(([name, value]) => ` (${name} ${value})`)
  return `${url.replace(/(?<=\/):(\w+)(?=\/|$)/g, '{$1}')}${conditions.join('')}`
}

/** Sections of endpoints, in the order of the page: those that no scope opens. */
export const UNSCOPED = [
  { key: 'anyKey', title: 'Any valid API key', lead: 'These need an API key, whatever its scopes.' },
  { key: 'userOnly', title: 'Endpoints that reject API keys', lead: 'These need a user session. An API key is refused with 403 Forbidden, whatever its scopes.' },
  { key: 'public', title: 'Public endpoints', lead: 'These need no credentials.' }
] as const

export const SEVERAL = {
  title: 'Multi-scope endpoints',
  lead: 'These need more than one scope, or one of several, or what they need depends on the request. If a required scope is missing, the request is refused.'
}
export const PRESETS = { title: 'Common combinations', lead: 'Scopes that go together.' }
export const FUTURE = { title: 'Future scopes', lead: 'These are planned, or being considered. They cannot be granted yet.' }

/** Who gets what without asking, in a sentence that ends with the names, if any. */
export function defaultGrantText ({ defaultGrant }: ScopeReference): { readonly words: string, readonly names: readonly string[] } {
  if (defaultGrant === null) return { words: 'none, a new key names its scopes', names: [] }
  return defaultGrant.length === 0 ? { words: 'no scopes', names: [] } : { words: '', names: defaultGrant }
}
