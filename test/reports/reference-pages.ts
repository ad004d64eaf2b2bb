/** Reads pages of a reference, as whoever looks at them does, so that they can be compared with what they are made from. */
import type { ReferenceEndpoint, ReferenceScope, ScopeReference } from 'fastify-api-key-scopes/reference'
import { all, attribute, elements, lines, textOf, treeOfHtml, treeOfMarkdown, type TreeNode } from './reference-tree.js'

export interface Page {
  readonly title: string
  /** By heading; what each row is about comes first. */
  readonly sections: { readonly [heading: string]: ReadonlyArray<ScopeRow | readonly string[]> }
}

export interface ScopeRow {
  /** Where a link to the scope leads. */
  readonly anchor: string
  readonly scope: string
  readonly tags: readonly string[]
  readonly description: string
  /** What a scope has to do with others, and with which. */
  readonly notes: { readonly [label: string]: readonly string[] }
  readonly endpoints: readonly string[]
}

/** What the pages are to show. */
export function pageOfReference (reference: ScopeReference): Page {
  const { title, resources, presets, severalScopes, anyKey, userOnly, public: everybody, defaultGrant } = reference
  const scopes = resources.flatMap(({ scopes }) => scopes)
  const future = scopes.filter(({ status }) => status === 'planned' || status === 'under-review')
  const everything = scopes.filter(({ includes }) => includes.all).map(({ name }) => name)
  const sections = [
    ...resources.map(({ heading, scopes }) => [heading, scopes.filter(scope => !future.includes(scope)).map(scopeRow)]),
    ['Common combinations', presets.map(({ name, scopes }) => [name, scopes.join(', ')])],
    ['Multi-scope endpoints', severalScopes.map(endpoint => [endpointText(endpoint), endpoint.needs])],
    ['Any valid API key', anyKey.map(endpoint => [endpointText(endpoint)])],
    ['Endpoints that reject API keys', userOnly.map(endpoint => [endpointText(endpoint)])],
    ['Public endpoints', everybody.map(endpoint => [endpointText(endpoint)])],
    ['Future scopes', future.map(({ name, status, description }) => [name, STATUS[status], description])]
  ] as const
  return { title, sections: Object.fromEntries(sections.filter(([, rows]) => rows.length > 0)) }

  function scopeRow ({ name, description, status, replacedBy, replaces, hidden, includes, includedIn, requires, endpoints }: ReferenceScope): ScopeRow {
    const tags = [STATUS[status], ...defaultGrant?.includes(name) === true ? ['Default'] : [], ...hidden ? ['Not in pickers'] : []].filter(tag => tag !== '')
    const notes = replacedBy !== null
      ? { 'Replaced by': [replacedBy] }
      : { Includes: includes.all ? ['every scope'] : includes.scopes, 'Included in': includedIn.filter(name => !everything.includes(name)), Requires: requires, Formerly: replaces }
    return {
      anchor: name,
      scope: name,
      tags,
      description,
      notes: Object.fromEntries(Object.entries(notes).filter(([, names]) => names.length > 0)),
      endpoints: endpoints.map(({ method, url }) => `${method} ${braced(url)}`)
    }
  }
}

const STATUS = { active: '', deprecated: 'Deprecated', planned: 'Planned', 'under-review': 'Under Review' }

function endpointText ({ method, url, summary }: ReferenceEndpoint): string {
  return [method, braced(url), ...summary === '' ? [] : [summary]].join(' ')
}

/** As the pages of the companies have it. */
function braced (url: string): string {
  return url.replace(/\/:(\w+)(?=\/|$)/g, '/{$1}')
}

export function pageOfHtml (html: string): Page {
  const tree = treeOfHtml(html)
  const sections = all(tree, 'section').map(section => {
    const [table] = all(section, 'table')
    const rows = table === undefined
      ? all(section, 'li').map(item => [text(endpointOf(item))])
      : all(all(table, 'tbody')[0]!, 'tr').map(row => text(all(table, 'thead')[0]!).startsWith('ScopeDescriptionEndpoints') ? scopeRowOf(row) : elements(row).filter(({ nodeName }) => ['th', 'td'].includes(nodeName)).map(cellText))
    return [text(all(section, 'h2')[0]!), rows]
  })
  return { title: text(all(tree, 'h1')[0]!), sections: Object.fromEntries(sections) }

  function scopeRowOf (row: TreeNode): ScopeRow {
    const [name, description, endpoints] = row.childNodes as [TreeNode, TreeNode, TreeNode]
    return {
      anchor: attribute(row, 'id')!,
      scope: text(all(name, 'code')[0]!),
      tags: all(name, 'span', 'badge').map(text),
      description: all(description, 'p').map(text).join(' '),
      notes: Object.fromEntries(all(description, 'dt').map((label, i) => [text(label), namesIn(all(description, 'dd')[i]!)])),
      endpoints: all(endpoints, 'span', 'endpoint').map(text)
    }
  }

  function cellText (cell: TreeNode): string {
    const [list] = all(cell, 'ul')
    if (list === undefined) return text(endpointOf(cell))
    const base = { nodeName: 'base', childNodes: cell.childNodes!.filter(child => child !== list) }
    return [base, ...all(list, 'li')].map(text).join('; ')
  }

  /** Without the hint that it may need more. */
  function endpointOf (node: TreeNode): TreeNode {
    return { nodeName: 'endpoint', childNodes: node.childNodes!.filter(child => attribute(child, 'class') !== 'beside') }
  }
}

export function pageOfMarkdown (markdown: string): Page {
  const tree = treeOfMarkdown(markdown)
  const sections: Array<[string, Array<ScopeRow | string[]>]> = []
  for (const element of elements(tree)) {
    if (element.nodeName === 'h2') sections.push([text(element), []])
    const rows = sections.at(-1)?.[1]
    if (element.nodeName === 'li') rows!.push([text(element).replace(' (some requests need a scope)', '')])
    if (element.nodeName !== 'table') continue
    const isOfScopes = all(element, 'th').map(text).join() === 'Scope,Description,Endpoints'
    rows!.push(...all(all(element, 'tbody')[0]!, 'tr').map(row => isOfScopes ? scopeRowOf(all(row, 'td')) : all(row, 'td').map(cell => lines(cell).map(text).join('; '))))
  }
  return { title: text(all(tree, 'h1')[0]!), sections: Object.fromEntries(sections) }

  function scopeRowOf (cells: readonly TreeNode[]): ScopeRow {
    const [name, description, endpoints] = cells as [TreeNode, TreeNode, TreeNode]
    const told = lines(description)
    const notes = told.filter(line => all(line, 'strong').length > 0)
    return {
      anchor: attribute(all(name, 'a')[0]!, 'id')!,
      scope: text(all(name, 'code')[0]!),
      tags: all(name, 'strong').map(text),
      description: told.filter(line => !notes.includes(line)).map(text).join(' '),
      notes: Object.fromEntries(notes.map(line => [text(all(line, 'strong')[0]!), namesIn(line)])),
      endpoints: all(endpoints, 'code').map(text)
    }
  }
}

/** The scopes that are linked; or, where none is, that there are all. */
function namesIn (node: TreeNode): string[] {
  const names = all(node, 'a').map(text)
  return names.length === 0 && text(node).includes('every scope') ? ['every scope'] : names
}

function text (node: TreeNode): string {
  return textOf(node).replace(/\s+/g, ' ').trim()
}
