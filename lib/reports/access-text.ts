import type { GuardedRoute } from '../http/guarded-routes.js'

/**
 * Who may call a route, in words: `clusters:read`, `apps:deploy + clusters:read`, `one of a, b + c`, `any valid key`, `users only`,
 * `everybody`; in report mode `clusters:read (report mode: not enforced)`.
 */
export function accessText (route: Pick<GuardedRoute, 'access' | 'scopes' | 'conditions'> & Partial<Pick<GuardedRoute, 'mode'>>): string {
  return `${ruleText(route)}${route.mode === 'report' ? ' (report mode: not enforced)' : ''}`
}

function ruleText ({ access, scopes, conditions }: Pick<GuardedRoute, 'access' | 'scopes' | 'conditions'>): string {
  switch (access) {
    case 'public': return 'everybody'
    case 'userOnly': return 'users only'
    case 'unannotated': return 'nobody'
    case 'scopes': return [scopesText(scopes), ...conditions.map(conditionText)].join('; ')
  }
}

/** Alternatives, of each of which all scopes are needed. */
export function scopesText (scopes: GuardedRoute['scopes']): string {
  const texts = scopes.map(names => names.join(' + '))
  if (texts.length > 1) return `one of ${texts.join(', ')}`
  return texts[0] === '' ? 'any valid key' : texts[0]!
}

function conditionText ({ scopes, description }: GuardedRoute['conditions'][number]): string {
  return `sometimes ${scopesText(scopes)}${description === '' ? '' : ` (${description})`}`
}
