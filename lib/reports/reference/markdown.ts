import { Anchors, fragment } from './anchors.js'
import { anchor, block, code, inline, link, table } from './markdown-text.js'
import { UNLISTED, type ReferenceEndpoint, type ReferenceScope, type ScopeReference } from './model.js'
import { paragraphs } from './plain.js'
import { defaultGrantText, FUTURE, futureScopes, needsBeside, notesOf, opensBeside, PRESETS, resourcesInForce, SEVERAL, STATUS, UNSCOPED, urlText } from './words.js'

/**
 * The reference as Markdown with tables, as GitHub and most others take it. Each scope has its name as anchor: `#clusters:read`.
 * The same reference always makes the same text.
 */
export function toMarkdown (reference: ScopeReference): string {
  const { title, intro, baseUrl, presets, severalScopes } = reference
  const anchors = new Anchors(reference)
  const { words, names: defaults } = defaultGrantText(reference)
  const parts = [
    `# ${block(title)}`,
    ...paragraphs(intro).map(block),
    ...baseUrl === null ? [] : [`Base URL: ${code(baseUrl)}`],
    `Default grant: ${defaults.length === 0 ? inline(words) : names(defaults)}`
  ]

  for (const { heading, description, scopes } of resourcesInForce(reference)) {
    section(heading, description, table(['Scope', 'Description', 'Endpoints'], scopes.map(scope => [nameCell(scope), descriptionCell(scope), endpointsCell(scope)])))
  }
  if (presets.length > 0) {
    section(PRESETS.title, PRESETS.lead, table(['Use case', 'Scopes'], presets.map(({ name, scopes }) => [inline(name), names(scopes)])))
  }
  if (severalScopes.length > 0) {
    section(SEVERAL.title, SEVERAL.lead, table(['Endpoint', 'Needs'], severalScopes.map(endpoint => [endpointText(endpoint), needsText(endpoint)])))
  }
  for (const { key, title, lead } of UNSCOPED) {
    if (reference[key].length === 0) continue
    section(title, lead, reference[key].map(endpoint => `- ${endpointText(endpoint)}${endpoint.conditions.length === 0 ? '' : ' (some requests need a scope)'}`).join('\n'))
  }
  const future = futureScopes(reference)
  if (future.length > 0) {
    section(FUTURE.title, FUTURE.lead, table(['Scope', 'Status', 'Description'], future.map(scope => [`${anchor(scope.name)}${code(scope.name)}`, STATUS[scope.status], descriptionCell(scope)])))
  }
  return `${parts.join('\n\n')}\n`

  function section (title: string, lead: string, content: string): void {
    parts.push(`## ${block(title)}`, ...lead === '' ? [] : [block(lead)], content)
  }

  function nameCell ({ name, status, hidden }: ReferenceScope): string {
    const isDefault = reference.defaultGrant?.includes(name) === true
    const tags = [...status === 'active' ? [] : [STATUS[status]], ...isDefault ? ['Default'] : [], ...hidden ? ['Not in pickers'] : []]
    return [`${anchor(name)}${code(name)}`, ...tags.map(tag => `**${tag}**`)].join(' ')
  }

  function descriptionCell (scope: ReferenceScope): string {
    const notes = notesOf(scope, reference).map(({ label, words, names: list }) => [`**${label}**`, ...words.map(word => typeof word === 'string' ? inline(word) : code(word[0])), ...list.length === 0 ? [] : [names(list)]].join(' '))
    return [...scope.description === '' ? [] : [inline(scope.description)], ...notes].join('<br>')
  }

  function endpointsCell (scope: ReferenceScope): string {
    const besides = opensBeside(scope)
    const endpoints = scope.endpoints.map(endpoint => {
      const beside = needsBeside(endpoint, scope)
      return `${endpointText(endpoint)}${beside === null ? '' : ` (${inline(beside)})`}`
    })
    return [...endpoints, ...besides === null ? [] : [besides]].join('<br>')
  }

  function needsText ({ scopes, conditions }: ReferenceEndpoint): string {
    return [alternatives(scopes), ...conditions.map(({ scopes, description }) => `sometimes ${alternatives(scopes)}${description === '' ? '' : ` (${inline(description)})`}`)].join('<br>')
  }

  function alternatives (scopes: ReferenceEndpoint['scopes']): string {
    if (scopes.length === 0) return UNLISTED
    const texts = scopes.map(list => list.map(name).join(' + '))
    if (texts.length > 1) return `one of ${texts.join(', ')}`
    return texts[0] === '' ? 'any valid key' : texts[0]!
  }

  function names (list: readonly string[]): string {
    return list.map(name).join(', ')
  }

  function name (scope: string): string {
    return anchors.has(scope) ? link(code(scope), fragment(scope)) : code(scope)
  }
}

function endpointText (endpoint: ReferenceEndpoint): string {
  const { method, summary } = endpoint
  return `${code(`${method} ${urlText(endpoint)}`)}${summary === '' ? '' : ` ${inline(summary)}`}`
}
