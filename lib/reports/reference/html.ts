import { createHash } from 'node:crypto'
import { Anchors, fragment } from './anchors.js'
import { CSS } from './css.js'
import { PageParts } from './html-parts.js'
import { html, joined, styleSheet, type Content } from './markup.js'
import type { ReferenceScope, ScopeReference } from './model.js'
import { paragraphs } from './plain.js'
import { defaultGrantText, endpointCount, endpointKey, FUTURE, futureScopes, PRESETS, resourcesInForce, SEVERAL, UNSCOPED } from './words.js'

/** What a page may do, in its own words: show itself in its own style, and nothing else. For the header `Content-Security-Policy`. */
export const CONTENT_SECURITY_POLICY = [
  'default-src \'none\'',
  `style-src 'sha256-${createHash('sha256').update(CSS).digest('base64')}'`,
  'img-src data:',
  'base-uri \'none\'',
  'form-action \'none\''
].join('; ')

/**
 * One page of HTML that needs nothing else: no script, no font, no request. For wide screens and narrow ones, light and dark, and
 * for paper. Each scope has its name as anchor: `#clusters:read`. The same reference always makes the same page.
 */
export function toHtml (reference: ScopeReference): string {
  const { title, intro } = reference
  const anchors = new Anchors(reference)
  const content = anchors.take('content')
  const sections = sectionsOf(reference, anchors)
  return `${html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${CONTENT_SECURITY_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
${styleSheet(CSS)}
</head>
<body>
<a class="skip" href="${fragment(content)}">Skip to the scopes</a>
<header>
<div class="inner">
<h1>${title}</h1>
${paragraphs(intro).map(paragraph => html`<p class="intro">${paragraph}</p>
`)}${facts(reference)}
</div>
</header>
<div class="inner columns">
<nav aria-label="On this page">
${navigation('Scopes', sections.filter(({ isResource }) => isResource))}${navigation('More', sections.filter(({ isResource }) => !isResource))}</nav>
<main id="${content}" tabindex="-1">
${sections.map(({ id, title, lead, content }) => html`<section aria-labelledby="${id}">
<h2 id="${id}"><a href="${fragment(id)}">${title}</a></h2>
${leadText(lead)}${content}
</section>
`)}</main>
</div>
<footer><div class="inner">This page is made from the routes of the API and the scopes that they require.</div></footer>
</body>
</html>
`}`
}

interface Section {
  readonly id: string
  readonly title: string
  readonly lead: string
  readonly content: Content
  readonly isResource: boolean
}

function sectionsOf (reference: ScopeReference, anchors: Anchors): readonly Section[] {
  const sections: Section[] = []
  const add = (name: string, { title, lead }: { readonly title: string, readonly lead: string }, content: (id: string) => Content, isResource = false) => {
    const id = anchors.take(name)
    sections.push({ id, title, lead, content: content(id), isResource })
  }
  const { severalScopes, presets } = reference
  // Known first, for scopes are linked with it.
  const several = severalScopes.map(() => anchors.take('endpoint'))
  const parts = new PageParts(reference, anchors, new Map(severalScopes.map((endpoint, i) => [endpointKey(endpoint), several[i]!])))

  for (const { name, heading, description, scopes } of resourcesInForce(reference)) {
    add(`scopes-${name}`, { title: heading, lead: description }, id => parts.scopes(id, scopes), true)
  }
  if (presets.length > 0) {
    add('combinations', PRESETS, id => parts.table(id, 'presets', ['Use case', 'Scopes'], presets.map(({ name, scopes }) => ({ id: null, cells: [name, parts.names(scopes)] }))))
  }
  if (severalScopes.length > 0) {
    add('multi-scope', SEVERAL, id => parts.table(id, 'several', ['Endpoint', 'Needs'], severalScopes.map((endpoint, i) => ({ id: several[i]!, cells: [parts.endpoint(endpoint), parts.needs(endpoint)] }))))
  }
  for (const { key, title, lead } of UNSCOPED) {
    const endpoints = reference[key]
    if (endpoints.length > 0) add(key, { title, lead }, () => html`<ul class="endpoints listed">${endpoints.map(endpoint => html`<li>${parts.endpoint(endpoint)}${key === 'anyKey' ? parts.more(endpoint) : null}</li>`)}</ul>`)
  }
  const future = futureScopes(reference)
  if (future.length > 0) {
    add('future', FUTURE, id => parts.table(id, 'future', ['Scope', 'Status', 'Description'], future.map(scope => ({ id: scope.name, cells: [parts.name(scope.name), parts.badge(scope.status), futureText(scope, parts)] }))))
  }
  return sections
}

function futureText (scope: ReferenceScope, parts: PageParts): Content {
  return [scope.description, parts.notes(scope)]
}

function leadText (lead: string): Content {
  return lead === '' ? null : html`<p class="lead">${lead}</p>\n`
}

function navigation (label: string, sections: readonly Section[]): Content {
  if (sections.length === 0) return null
  return html`<p>${label}</p>
<ul>${sections.map(({ id, title }) => html`<li><a href="${fragment(id)}">${title}</a></li>`)}</ul>
`
}

/** What one wants to know first. */
function facts (reference: ScopeReference): Content {
  const { baseUrl } = reference
  const { words, names } = defaultGrantText(reference)
  const scopes = resourcesInForce(reference).flatMap(({ scopes }) => scopes).length
  const all: ReadonlyArray<readonly [label: string, value: Content]> = [
    ['Scopes', scopes],
    ['Endpoints', endpointCount(reference)],
    ['Default grant', names.length === 0 ? words : joined(names.map(name => html`<code>${name}</code>`), ' ')],
    ...baseUrl === null ? [] : [['Base URL', html`<code>${baseUrl}</code>`] as const]
  ]
  return html`<dl class="facts">${all.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`
}
