import type { GuardedRoute } from '../../http/guarded-routes.js'
import { BadOptionsError } from '../../http/errors.js'
import { isPlainObject } from '../../scopes/entries.js'
import { didYouMean, show } from '../../scopes/faults.js'

/** What stands on a reference page, beside what the app itself tells. */
export interface ReferenceOptions {
  /** Default `API key scopes`. */
  readonly title?: string
  /** What stands below the title: plain text, an empty line between two paragraphs. Default: a paragraph that says what scopes are. */
  readonly intro?: string
  /** Where the API is, such as `https://api.example.com/v1`. It is told, and nothing is asked of it. Default: it is not told. */
  readonly baseUrl?: string
  /** Whether to tell also of hidden scopes, and of routes that their schema hides (`hide: true`). Default `false`. */
  readonly hidden?: boolean
  /** Which routes may be told of; only `true` means yes. Default: all that are left. */
  readonly include?: (route: GuardedRoute) => boolean
}

export type ReferenceSettings = Required<Omit<ReferenceOptions, 'baseUrl'>> & { readonly baseUrl: string | null }

/** @throws {BadOptionsError} naming every option that is wrong, and how to put it right. */
export function readReferenceOptions (options: ReferenceOptions): ReferenceSettings {
  const faults: string[] = []
  const settings = referenceSettings(options, OPTIONS, faults)
  if (faults.length > 0) throw new BadOptionsError(`reference: ${faults.join('; ')}`)
  return settings
}

/** The same for somebody who has options of their own, who names them all. What is wrong is added to `faults`. */
export function referenceSettings (options: ReferenceOptions, known: readonly string[], faults: string[]): ReferenceSettings {
  if (!isPlainObject(options)) {
    faults.push(`the options must be an object, not ${show(options)}`)
    return DEFAULTS
  }
  for (const option of Object.keys(options)) {
    if (!known.includes(option)) faults.push(`unknown option ${show(option)}${didYouMean(option, known)}`)
  }
  const { title = DEFAULTS.title, intro = DEFAULTS.intro, baseUrl = null, hidden = false, include = DEFAULTS.include } = options as ReferenceOptions
  if (typeof title !== 'string' || title.trim() === '') faults.push(`title must be a text, not ${show(title)}`)
  if (typeof intro !== 'string') faults.push(`intro must be a string, not ${show(intro)}`)
  if (baseUrl !== null && !isWebAddress(baseUrl)) faults.push(`baseUrl must be an absolute URL of http or https, such as 'https://api.example.com', not ${show(baseUrl)}`)
  if (typeof hidden !== 'boolean') faults.push(`hidden must be true or false, not ${show(hidden)}`)
  if (typeof include !== 'function') faults.push(`include must be a function that answers true for each route to tell of, not ${show(include)}`)
  return { title, intro, baseUrl, hidden, include }
}

export const OPTIONS: readonly string[] = ['title', 'intro', 'baseUrl', 'hidden', 'include'] satisfies Array<keyof ReferenceOptions>

const DEFAULTS: ReferenceSettings = {
  title: 'API key scopes',
  intro: 'An API key is granted scopes, and each endpoint says which scopes it needs. A request with a key that lacks one of them is refused with 403 Forbidden, and the answer names the scope that is missing.',
  baseUrl: null,
  hidden: false,
  include: () => true
}

function isWebAddress (value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && /^https?:\/\//i.test(value)
}
