// The name, the scopes and the metadata of a key as they may not be, new or changed.

export const text = 'must be a string of 1 to'
export const json = 'metadata must be a JSON object of 16 KiB at most'
const circular: Record<string, unknown> = {}
circular.self = circular

/** One wrong field each, and what is said of it. */
export const badFields: ReadonlyArray<readonly [Record<string, unknown>, string]> = [
  [{ name: null }, `name ${text} 200 characters without control characters, not null`],
  [{ name: 7 }, `name ${text} 200 characters without control characters, not 7`],
  [{ name: '' }, `name ${text} 200 characters without control characters, not ""`],
  [{ name: 'a\nb' }, `name ${text} 200 characters without control characters, not "a\\nb"`],
  [{ name: 'a\u001b[31mb' }, `name ${text} 200 characters without control characters, not "a\\u001b[31mb"`],
  [{ name: 'a\u0085' }, `name ${text} 200 characters without control characters, not "a\u0085"`],
  [{ name: 'a\0' }, `name ${text} 200 characters without control characters, not "a\\u0000"`],
  [{ name: 'half \uD83D' }, `name ${text} 200 characters without control characters, not "half \\ud83d"`],
  [{ name: 'n'.repeat(201) }, `name ${text} 200 characters without control characters, not "${'n'.repeat(78)}…`],
  [{ scopes: null }, 'scopes must be a list of scope names, not null'],
  [{ scopes: 'full' }, 'scopes must be a list of scope names, not "full"'],
  [{ scopes: { 0: 'full', length: 1 } }, 'scopes must be a list of scope names, not {"0":"full","length":1}'],
  [{ scopes: ['ful'] }, 'unknown scope "ful" (did you mean "full"?)'],
  [{ scopes: ['Full'] }, 'unknown scope "Full" (did you mean "full"?)'],
  [{ scopes: ['*'] }, 'unknown scope "*"'],
  [{ scopes: ['apps:*'] }, 'unknown scope "apps:*"'],
  [{ scopes: ['full', null] }, 'unknown scope null'],
  [{ scopes: [['full']] }, 'unknown scope ["full"]'],
  [{ scopes: [{ toString: 1 }] }, 'unknown scope {"toString":1}'],
  [{ scopes: ['__proto__', 'constructor'] }, 'unknown scope "__proto__"; unknown scope "constructor"'],
  [{ scopes: ['soon'] }, 'scope "soon" is planned and cannot be granted yet'],
  [{ scopes: ['full', 'asked'] }, 'scope "asked" is under-review and cannot be granted yet'],
  [{ metadata: null }, json],
  [{ metadata: [] }, json],
  [{ metadata: 'x' }, json],
  [{ metadata: new Map() }, json],
  [{ metadata: circular }, json],
  [{ metadata: { n: 1n } }, json],
  [{ metadata: { toJSON: () => 'text' } }, json],
  [{ metadata: { toJSON: () => undefined } }, json],
  [{ metadata: { text: 'x'.repeat(16 * 1024 - 10) } }, json],
  [{ metadata: { text: 'é'.repeat(8 * 1024) } }, json]
]
