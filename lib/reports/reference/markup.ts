import { encode } from 'html-entities'
import { plain } from './plain.js'

/** A piece of HTML. Only this file can make one, and `html` escapes whatever is put into it. */
class Markup {
  readonly #source: string

  constructor (source: string) {
    this.#source = source
  }

  toString (): string {
    return this.#source
  }
}

export type { Markup }

export type Content = string | number | Markup | null | readonly Content[]

/** HTML with text in it, escaped for content and for quoted attributes. `null` is nothing, a list is its items. */
export function html (strings: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return new Markup(String.raw({ raw: strings }, ...contents.map(source)))
}

function source (content: Content): string {
  if (content === null) return ''
  if (content instanceof Markup) return content.toString()
  if (typeof content === 'object') return content.map(source).join('')
  return encode(plain(String(content)), { mode: 'specialChars' })
}

/** With something between the items. */
export function joined (items: readonly Content[], separator: Content): Content {
  return items.map((item, i) => i === 0 ? item : [separator, item])
}

/** A style sheet is no text with entities, so it is taken as it is. */
export function styleSheet (css: string): Markup {
  return new Markup(`<style>${css}</style>`)
}
