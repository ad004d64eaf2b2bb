import { encode } from 'html-entities'
import { plain } from './plain.js'

/** Text within a line or a cell, in which nothing means anything to Markdown, to its tables or to HTML. */
export function inline (text: string): string {
  // As entities, which mean the same everywhere. Addresses are kept from becoming links, which would end who knows where.
  return encode(plain(text), { mode: 'specialChars' })
    .replaceAll('&apos;', '\'').replaceAll('&quot;', '"')
    .replace(/[\\`*~[\]|@]|(?<![a-z\d])_|_(?![a-z\d])|(?<=:)\/(?=\/)|(?<=www)\./gi, entity)
}

/** Text that begins a line: that of a paragraph or a heading, and not the first item of a list or an underline. */
export function block (text: string): string {
  return inline(text).replace(/(?<!&)#/g, entity).replace(/^[-+=]/, entity).replace(/^(\d+)([.)])/, (_, digits: string, mark: string) => `${digits}${entity(mark)}`)
}

/** What is to be read letter by letter; as plain text where it has letters that end code or a cell. */
export function code (text: string): string {
  const shown = plain(text)
  return shown === '' || /[`|]/.test(shown) ? inline(shown) : `\`${shown}\``
}

/** @param text Markdown. @param target Of a link within the page. */
export function link (text: string, target: string): string {
  return `[${text}](${target.replace(/[^\w#%:./-]/g, letter => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)})`
}

export function anchor (id: string): string {
  return `<a id="${encode(id, { mode: 'specialChars' }).replace(/[|`]/g, entity)}"></a>`
}

/** Of cells in Markdown. */
export function table (columns: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  return [columns, columns.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

function entity (letter: string): string {
  return `&#${letter.charCodeAt(0)};`
}
