import { fragment, type Anchors } from './anchors.js'
import { html, joined, type Content } from './markup.js'
import { UNLISTED, type ReferenceEndpoint, type ReferenceScope, type ScopeReference } from './model.js'
import { endpointKey, needsBeside, notesOf, opensBeside, STATUS, urlText } from './words.js'

interface Row {
  readonly id: string | null
  /** The first one is the header of the row. */
  readonly cells: readonly Content[]
}

/** What a page is put together from. */
export class PageParts {
  readonly #reference: ScopeReference
  readonly #anchors: Anchors
  /** Where the endpoints are told of that need several scopes. */
  readonly #several: ReadonlyMap<string, string>

  constructor (reference: ScopeReference, anchors: Anchors, several: ReadonlyMap<string, string>) {
    this.#reference = reference
    this.#anchors = anchors
    this.#several = several
  }

  /** With roles, which a table would lose where it is shown as a list of cards. */
  table (labelledBy: string, kind: string, columns: readonly string[], rows: readonly Row[]): Content {
    return html`<table class="${kind}" role="table" aria-labelledby="${labelledBy}">
<thead role="rowgroup"><tr role="row">${columns.map(column => html`<th scope="col" role="columnheader">${column}</th>`)}</tr></thead>
<tbody role="rowgroup">
${rows.map(({ id, cells: [head, ...cells] }) => html`<tr role="row"${id === null ? null : html` id="${id}"`}><th scope="row" role="rowheader">${head!}</th>${cells.map(cell => html`<td role="cell">${cell}</td>`)}</tr>
`)}</tbody>
</table>`
  }

  scopes (labelledBy: string, scopes: readonly ReferenceScope[]): Content {
    return this.table(labelledBy, 'scopes', ['Scope', 'Description', 'Endpoints'], scopes.map(scope => ({
      id: scope.name,
      cells: [
        [this.name(scope.name), this.#tags(scope)],
        [scope.description === '' ? null : html`<p>${scope.description}</p>`, this.notes(scope)],
        [
          scope.endpoints.length === 0 ? null : html`<ul class="endpoints">${scope.endpoints.map(endpoint => html`<li>${this.endpoint(endpoint)}${this.#beside(endpoint, scope)}</li>`)}</ul>`,
          opensBeside(scope) === null ? null : html`<p class="besides">${opensBeside(scope)}</p>`
        ]
      ]
    })))
  }

  /** A link to the row of the scope, if it has one. */
  name (scope: string): Content {
    const code = html`<code>${joined(scope.split(/(?<=[:_./-])/), html`<wbr>`)}</code>`
    return this.#anchors.has(scope) ? html`<a class="scope" href="${fragment(scope)}">${code}</a>` : code
  }

  names (scopes: readonly string[]): Content {
    return html`<span class="names">${joined(scopes.map(scope => this.name(scope)), html`, `)}</span>`
  }

  badge (status: ReferenceScope['status']): Content {
    return html`<span class="badge ${status}">${STATUS[status]}</span>`
  }

  notes (scope: ReferenceScope): Content {
    const notes = notesOf(scope, this.#reference)
    if (notes.length === 0) return null
    return html`<dl class="notes">${notes.map(({ label, words, names }) => html`<div><dt>${label}</dt><dd>${words.map(word => html`${typeof word === 'string' ? word : html`<code>${word}</code>`} `)}${names.length > SHORT ? this.#folded(names) : this.names(names)}</dd></div>`)}</dl>`
  }

  endpoint (endpoint: ReferenceEndpoint): Content {
    const { method, summary } = endpoint
    const parts = urlText(endpoint).split(/(?=\/)/)
    return html`<span class="endpoint"><span class="method ${method.toLowerCase()}">${method}</span> <code>${joined(parts, html`<wbr>`)}</code></span>${summary === '' ? null : html` <span class="summary">${summary}</span>`}`
  }

  /** What an endpoint needs, in the same words as everywhere, with links. */
  needs ({ scopes, conditions }: ReferenceEndpoint): Content {
    const base = this.#alternatives(scopes)
    if (conditions.length === 0) return base
    return html`${base}<ul class="conditions">${conditions.map(({ scopes, description }) => html`<li>sometimes ${this.#alternatives(scopes)}${description === '' ? null : html` <span>(${description})</span>`}</li>`)}</ul>`
  }

  /** That an endpoint may need more than it seems. */
  more (endpoint: ReferenceEndpoint): Content {
    return endpoint.conditions.length === 0 ? null : this.#beside(endpoint, 'some requests need a scope')
  }

  #alternatives (scopes: ReferenceEndpoint['scopes']): Content {
    if (scopes.length === 0) return UNLISTED
    const texts = scopes.map(names => joined(names.map(name => this.name(name)), html` + `))
    if (texts.length > 1) return html`one of ${joined(texts, html`, `)}`
    return scopes[0]!.length === 0 ? 'any valid key' : texts[0]!
  }

  #tags ({ name, status, hidden }: ReferenceScope): Content {
    const { defaultGrant } = this.#reference
    return [
      status === 'active' ? null : html` ${this.badge(status)}`,
      defaultGrant?.includes(name) === true ? html` <span class="badge default">Default</span>` : null,
      hidden ? html` <span class="badge">Not in pickers</span>` : null
    ]
  }

  #beside (endpoint: ReferenceEndpoint, of: ReferenceScope | string): Content {
    const text = typeof of === 'string' ? of : needsBeside(endpoint, of)
    if (text === null) return null
    const id = this.#several.get(endpointKey(endpoint))!
    return html` <a class="beside" href="${fragment(id)}">${text}</a>`
  }

  #folded (names: readonly string[]): Content {
    return html`<details><summary>${names.length} scopes</summary>${this.names(names)}</details>`
  }
}

/** More names than these are shown when they are asked for. */
const SHORT = 8
