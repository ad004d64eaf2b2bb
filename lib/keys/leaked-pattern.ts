import { listed } from '../scopes/faults.js'
import { InvalidInputError } from './errors.js'
import { isKeyPrefix } from './key-format.js'

/**
 * A regular expression, as text, that finds the API keys with this prefix, or with one of these, in any text. Its only group
 * is the key. For secret scanners: it is valid for RE2, Go, Hyperscan, PCRE and JavaScript. What it finds is a key only if
 * its checksum is right too; how to tell stands in docs/leaked-keys.md.
 *
 * @throws FST_API_KEY_INVALID_INPUT if a prefix is none that the option `keyPrefix` takes.
 */
export function secretScanningPattern (prefix: string | readonly string[]): string {
  const prefixes: unknown[] = [prefix].flat()
  const wrong = prefixes.filter(value => !isKeyPrefix(value))
  if (wrong.length > 0) throw new InvalidInputError(`a prefix has letters and digits, single underscores between them, and 32 characters at most, unlike ${listed(wrong)}`)
  if (prefixes.length === 0) throw new InvalidInputError('the list of prefixes must not be empty')
  const start = prefixes.length === 1 ? prefixes[0] : `(?:${prefixes.join('|')})`
  return `${BEFORE}(${start}_[0-9A-Za-z]{38})${AFTER}`
}

/** No letter or digit, unless it is the end of an escape: `\nacme_...` in JSON, `%3Dacme_...` in a URL. */
const BEFORE = String.raw`(?:\b|_|\\[nrt]|(?:%|\\x|\\u00)[0-9A-Fa-f]{2})`

/** No letter or digit. */
const AFTER = String.raw`(?:\b|_)`
