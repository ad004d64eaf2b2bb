/** What is imported from `fastify-api-key-scopes/reference`. */
export { toHtml } from './reference/html.js'
export { toMarkdown } from './reference/markdown.js'
export { scopeReference } from './reference/model.js'
export { scopeReferenceRoutes, scopeReferenceRoutes as default } from './reference/routes.js'

export type { ReferenceEndpoint, ReferenceResource, ReferenceScope, ScopeReference } from './reference/model.js'
export type { ReferenceOptions } from './reference/options.js'
export type { ReferenceRoutesOptions } from './reference/routes.js'
