export interface UnannotatedRoute {
  readonly methods: readonly string[]
  readonly url: string
  readonly constraints: object | undefined
  /** The plugin that declared it, as far as it has a name. */
  readonly plugin: string
}

/** Names the routes that do not say who may call them, by URL prefix, with the ways to put it right. */
export function unannotatedMessage (routes: readonly UnannotatedRoute[]): string {
  const lines = new Map<string, string[]>()
  const byPlace = new Map<string, { prefix: string, methods: string[], place: string }>()
  for (const route of routes) {
    const place = placeOf(route)
    const known = byPlace.get(place)
    if (known === undefined) byPlace.set(place, { prefix: firstSegment(route.url), methods: [...route.methods], place })
    else known.methods.push(...route.methods)
  }
  for (const { prefix, methods, place } of byPlace.values()) {
    lines.set(prefix, [...lines.get(prefix) ?? [], `    ${methods.join(', ')} ${place}`])
  }

  const subject = byPlace.size === 1 ? '1 route does not say who may call it' : `${byPlace.size} routes do not say who may call them`
  return `${subject}:
${[...lines].map(([prefix, places]) => `  ${prefix}\n${places.join('\n')}`).join('\n')}
Give each route one of these:
    config: { scopes: 'some:scope' }   an API key needs this scope
    config: { scopes: [] }             any valid API key
    config: { userOnly: true }         only user sessions
    config: { public: true }           everybody
or, for routes that are declared by other people's plugins, give fastify-api-key-scopes the option:
    annotate (route) {
${[...lines.keys()].map(prefix => `      if (${condition(prefix)}) return { scopes: [] } // or one of the others`).join('\n')}
    }`
}

function placeOf ({ url, constraints, plugin }: UnannotatedRoute): string {
  const constrained = constraints === undefined || Object.keys(constraints).length === 0 ? '' : ` (constraints ${JSON.stringify(constraints, shown)})`
  // Fastify names an app 'fastify', and a plugin without a name by its source text.
  const named = plugin === 'fastify' || /[\s(]/.test(plugin) ? '' : ` (plugin ${plugin})`
  return `${url}${constrained}${named}`
}

/** Constraints may be regular expressions, which JSON cannot show. */
function shown (_: string, value: unknown): unknown {
  return value instanceof RegExp ? String(value) : value
}

function firstSegment (url: string): string {
  return /^\/?[^/]*/.exec(url)![0]
}

function condition (prefix: string): string {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll('\'', '\\\'')}'`
  const exact = `route.url === ${quoted(prefix)}`
  return /^\/?$/.test(prefix) ? exact : `${exact} || route.url.startsWith(${quoted(`${prefix}/`)})`
}
