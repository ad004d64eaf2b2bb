import type { ScopeReference } from './model.js'

/** Where on a page things are: a scope at its own name, `#clusters:read`; everything else where no scope is. */
export class Anchors {
  readonly #scopes: ReadonlySet<string>
  readonly #taken: Set<string>

  constructor ({ resources }: ScopeReference) {
    this.#scopes = new Set(resources.flatMap(({ scopes }) => scopes).map(({ name }) => name))
    this.#taken = new Set(this.#scopes)
  }

  /** Whether the page has this scope. */
  has (scope: string): boolean {
    return this.#scopes.has(scope)
  }

  /** A new one, made of this text. */
  take (text: string): string {
    const slug = text.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '') || 'part'
    let id = slug
    for (let i = 2; this.#taken.has(id); i++) id = `${slug}-${i}`
    this.#taken.add(id)
    return id
  }
}

/** A link to it, within the page. */
export function fragment (id: string): string {
  return `#${encodeURIComponent(id).replaceAll('%3A', ':').replaceAll('%2F', '/')}`
}
