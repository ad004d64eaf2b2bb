/** Checks that the reference of an example holds every row of its page, as data, and that HTML and Markdown show the same. */
import { memoryStore } from 'fastify-api-key-scopes'
import { scopeReference, toHtml, toMarkdown, type ReferenceEndpoint, type ScopeReference } from 'fastify-api-key-scopes/reference'
import type { Test } from 'tap'
import { adminSession } from '../../examples/session.js'
import { pageOfHtml, pageOfMarkdown, pageOfReference } from '../reports/reference-pages.js'
import type { BuildApp } from './client.js'

/** What stands on the page of a company, typed out by hand. */
export interface CompanyPage {
  readonly buildApp: BuildApp
  /** In the order of the page, with their descriptions. */
  readonly scopes: { readonly [scope: string]: string }
  readonly future?: { readonly [scope: string]: { readonly status: string, readonly description: string } }
  /** The tables, where the page has several: each heading, the sentence below it, and its scopes. */
  readonly headings?: { readonly [heading: string]: { readonly sentence: string, readonly scopes: readonly string[] } }
  readonly presets?: { readonly [name: string]: readonly string[] }
  readonly defaultGrant?: readonly string[]
  /** What a scope is called today, if the page has two names for it. */
  readonly spellings?: { readonly [scope: string]: string }
  readonly rows: readonly PageRow[]
  /** Everything that this scope opens, by the names of today. */
  opens (scope: string): readonly string[]
  /** Everything that must be granted with it. */
  requires? (scope: string): readonly string[]
}

/** A route and what a request for it needs; `base`: what every request for it needs. */
export interface PageRow {
  readonly route: string
  readonly needs: ReadonlyArray<readonly string[]> | 'user' | 'public'
  readonly base?: readonly string[]
}

export async function holdsThePage (t: Test, page: CompanyPage): Promise<void> {
  const app = await page.buildApp({ store: memoryStore(), authenticateUser: adminSession().authenticateUser })
  t.teardown(async () => { await app.close() })
  await app.ready()
  const reference = scopeReference(app)

  await t.test('as data', async t => { await sameRows(t, page, reference) })
  await t.test('as HTML', async t => { t.same(pageOfHtml(toHtml(reference)), pageOfReference(reference)) })
  await t.test('as Markdown', async t => { t.same(pageOfMarkdown(toMarkdown(reference)), pageOfReference(reference)) })
}

async function sameRows (t: Test, page: CompanyPage, reference: ScopeReference): Promise<void> {
  const { scopes, future = {}, headings, spellings = {}, rows, requires = () => [] } = page
  const today = (scope: string) => spellings[scope] ?? scope
  const all = reference.resources.flatMap(resource => resource.scopes)
  const inForce = all.filter(({ status }) => status === 'active' || status === 'deprecated')
  const shown = new Map(all.map(scope => [scope.name, scope]))

  t.same(Object.fromEntries(inForce.map(({ name, description }) => [name, description])), scopes, 'every scope and its description')
  t.same(Object.fromEntries(all.filter(scope => !inForce.includes(scope)).map(({ name, status, description }) => [name, { status, description }])), future, 'every future scope')
  if (headings !== undefined) {
    const told = reference.resources.map(({ heading, description, scopes }) => [heading, { sentence: description, scopes: scopes.map(({ name }) => name) }])
    t.same(told, Object.entries(headings), 'headings, sentences and what stands below them')
  }
  for (const scope of Object.keys(scopes)) {
    const { includes, includedIn, endpoints, replacedBy, status, ...rest } = shown.get(scope)!
    const others = page.opens(scope).filter(name => name !== today(scope))
    t.same([...includes.scopes].sort(), [...others].sort(), `${scope} includes`)
    t.same([...includedIn].sort(), Object.keys(scopes).filter(name => today(name) === name && name !== today(scope) && page.opens(name).includes(today(scope))).sort(), `${scope} is included in`)
    t.same([...rest.requires].sort(), requires(scope).filter(name => name !== scope && !page.opens(scope).includes(name)).sort(), `${scope} requires`)
    t.same(namesOf(endpoints), routesOf(rows.filter(({ needs }) => Array.isArray(needs) && needs.flat().includes(today(scope)))), `the endpoints of ${scope}`)
    t.same([status, replacedBy], scope in spellings ? ['deprecated', today(scope)] : ['active', null], `the name of ${scope}`)
  }
  t.same(Object.fromEntries(reference.presets.map(({ name, scopes }) => [name, scopes])), page.presets ?? {}, 'every combination')
  t.same(reference.defaultGrant, page.defaultGrant ?? null, 'what a key gets without asking')

  const sections = [['anyKey', [[]]], ['userOnly', 'user'], ['public', 'public']] as const
  for (const [section, needed] of sections) {
    t.same(namesOf(reference[section]), routesOf(rows.filter(({ needs }) => JSON.stringify(needs) === JSON.stringify(needed))), section)
  }
  const several = rows.filter(({ needs }) => Array.isArray(needs) && (needs.length > 1 || needs[0]!.length > 1))
  t.same(namesOf(reference.severalScopes), routesOf(several), 'endpoints with several scopes')
  for (const endpoint of reference.severalScopes) {
    const its = several.filter(({ route }) => route === nameOf(endpoint))
    const conditional = its.flatMap(({ base, needs }) => base === undefined ? [] : needs[0]!.slice(base.length) as string[])
    t.same(endpoint.scopes, its[0]!.base === undefined ? its[0]!.needs : [its[0]!.base], `what ${nameOf(endpoint)} needs`)
    t.same([...new Set(endpoint.conditions.flatMap(({ scopes }) => scopes.flat()))].sort(), [...new Set(conditional)].sort(), `what ${nameOf(endpoint)} needs sometimes`)
  }
}

function nameOf ({ method, url }: ReferenceEndpoint): string {
  return `${method} ${url}`
}

function namesOf (endpoints: readonly ReferenceEndpoint[]): string[] {
  return endpoints.map(nameOf).sort()
}

function routesOf (rows: readonly PageRow[]): string[] {
  return [...new Set(rows.map(({ route }) => route))].sort()
}
