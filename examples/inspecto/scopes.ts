import { defineScopes } from 'fastify-api-key-scopes'

/**
 * The page 'Scopes', word for word. There is no default grant: "specify which scopes you need".
 *
 * Under 'Scope Hierarchy' the page says "Some scopes imply others:", but the list that followed has been lost, as have the
 * three lists under 'Common Scope Combinations'. Nothing stands in for them here: each scope opens its own row. The
 * hierarchy would be `includes` of the scopes below, such as `includes: 'vehicles:read'`, and the combinations would be
 * the option `presets`.
 */
export const scopes = defineScopes({
  'vehicles:read': 'Read vehicle data',
  'vehicles:write': 'Create and update vehicles',
  'inspections:read': 'Read inspection templates and results',
  'inspections:write': 'Submit new inspections',

  // 'Future Scopes'
  'reports:read': { description: 'Access custom reports', status: 'planned' },
  'webhooks:manage': { description: 'Configure webhooks', status: 'planned' },
  'users:read': { description: 'Read user data', status: 'under-review' },
  'analytics:read': { description: 'Access analytics data', status: 'under-review' }
})

// From here on, a route that misspells a scope does not compile.
declare module 'fastify-api-key-scopes' {
  interface Register { scopes: typeof scopes }
}
