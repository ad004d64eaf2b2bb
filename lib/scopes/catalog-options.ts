import { isInForce, isPlainObject, type Entry } from './entries.js'
import { didYouMean, show } from './faults.js'
import { readResources, type Resource } from './resources.js'

/** The second argument of `defineScopes`, checked and with its defaults. */
export interface ReadOptions {
  readonly defaultGrant: readonly string[] | undefined
  readonly presets: ReadonlyMap<string, readonly string[]>
  readonly resources: readonly Resource[]
}

const OPTIONS = ['defaultGrant', 'presets', 'resources']

/** What is wrong with the options is added to `faults`. */
export function readOptions (options: unknown, scopes: ReadonlyMap<string, Entry>, faults: string[]): ReadOptions {
  const presets = new Map<string, readonly string[]>()
  if (!isPlainObject(options)) {
    faults.push(`the options must be an object { ${OPTIONS.join(', ')} }, not ${show(options)}`)
    return { defaultGrant: undefined, presets, resources: [] }
  }
  for (const option of Object.keys(options)) {
    if (!OPTIONS.includes(option)) faults.push(`unknown option ${show(option)}${didYouMean(option, OPTIONS)}`)
  }
  const defaultGrant = options.defaultGrant === undefined ? undefined : readGrant('defaultGrant', options.defaultGrant)
  if (options.presets !== undefined && !isPlainObject(options.presets)) {
    faults.push(`presets must be an object { name: [scope, ...] }, not ${show(options.presets)}`)
  } else {
    for (const [name, list] of Object.entries(options.presets ?? {})) presets.set(name, readGrant(`preset ${show(name)}`, list))
  }
  return { defaultGrant, presets, resources: readResources(options.resources, scopes, faults) }

  function readGrant (field: string, list: unknown): readonly string[] {
    if (!Array.isArray(list)) {
      faults.push(`${field} must be a list of scope names, not ${show(list)}`)
      return []
    }
    for (const name of list as unknown[]) {
      const scope = typeof name === 'string' ? scopes.get(name) : undefined
      if (scope === undefined) faults.push(`${field} names ${show(name)}, which the catalog does not have${didYouMean(name, scopes.keys())}`)
      else if (!isInForce(scope)) faults.push(`${field} names ${show(name)}, which is ${scope.status}`)
    }
    return Object.freeze([...new Set(list as string[])])
  }
}
