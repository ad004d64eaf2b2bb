/**
 * Text from a store or a file, for a terminal: what would move the cursor, change colours, turn the direction or begin a
 * line becomes visible (`\u{1b}`) and does nothing.
 */
export function harmless (text: string): string {
  return text.replace(HARMFUL, character => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}

/** JSON on one line or several. What `JSON.stringify` leaves as it is and a terminal would obey is escaped too. */
export function harmlessJson (value: unknown, indent?: number): string {
  const json = JSON.stringify(value, null, indent)
  return json.replace(HARMFUL, character => character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** At most this many columns, with a `…` where something was left out. */
export function shortened (text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  let short = ''
  for (const { segment } of graphemes.segment(text)) {
    if (widthOf(short + segment) >= columns) break
    short += segment
  }
  return `${short}…`
}

/** How many columns a terminal needs for it: most characters of East Asia and emoji take two, accents none. */
export function widthOf (text: string): number {
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += WIDE.test(segment) ? 2 : NOTHING.test(segment) ? 0 : 1
  return width
}

const HARMFUL = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu
const WIDE = /\p{Emoji_Presentation}|\ufe0f|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
const NOTHING = /^[\p{Mark}\p{Cf}]+$/u
const graphemes = new Intl.Segmenter()
