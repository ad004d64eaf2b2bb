/**
 * A URL that matches what a route declares: `/hosts/:id` becomes `/hosts/1`.
 *
 * @param params what to write for parameters, by their names; `*` is the wildcard.
 * @returns `undefined` if a parameter has a pattern for which no value is known.
 */
export function filledUrl (declared: string, params: Readonly<Record<string, string>>): string | undefined {
  let url = ''
  for (let i = 0; i < declared.length;) {
    const name = /^:([\w]+)/.exec(declared.slice(i))?.[1]
    if (name !== undefined) {
      const end = endOfPattern(declared, i + 1 + name.length)
      const value = Object.hasOwn(params, name) ? params[name] : sampleOf(declared.slice(i + 1 + name.length, end))
      if (value === undefined) return undefined
      url += encodeURIComponent(value)
      // The last one may be optional.
      i = declared[end] === '?' ? end + 1 : end
    } else if (declared[i] === '*') {
      url += encodeURI(Object.hasOwn(params, '*') ? params['*']! : 'x')
      i++
    } else {
      const [character] = declared.slice(i)
      url += encodeURI(character!)
      // A double colon is a colon.
      i += declared.startsWith('::', i) ? 2 : character!.length
    }
  }
  return url
}

/** Behind the brackets that begin here, if any do. */
function endOfPattern (url: string, start: number): number {
  if (url[start] !== '(') return start
  let depth = 0
  for (let i = start; i < url.length; i++) {
    if (url[i] === '(') depth++
    if (url[i] === ')') depth--
    if (depth === 0) return i + 1
  }
  return url.length
}

function sampleOf (pattern: string): string | undefined {
  if (pattern === '') return SAMPLES[0]
  const expression = new RegExp(pattern)
  return SAMPLES.find(sample => expression.exec(sample)?.[0] === sample)
}

/** What ids and the like usually are. */
const SAMPLES = [
  '1', '10', '100', '1000', 'a', 'abc', 'A', 'ABC', 'a1', 'a-b', 'a_b', 'a.b', '00000000-0000-4000-8000-000000000000', '0123456789abcdef01234567',
  '2030-01-31', '2030-01-31T12:00:00Z', '1.0.0', 'v1', 'en', 'en-US', 'true', 'a@example.com'
]
