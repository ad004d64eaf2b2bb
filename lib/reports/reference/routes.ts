import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { BadOptionsError } from '../../http/errors.js'
import type { RouteAccess } from '../../http/policy.js'
import { FASTIFY_OPTIONS } from '../../http/settings.js'
import { isPlainObject } from '../../scopes/entries.js'
import { show } from '../../scopes/faults.js'
import { CONTENT_SECURITY_POLICY, toHtml } from './html.js'
import { toMarkdown } from './markdown.js'
import { scopeReference } from './model.js'
import { preferred } from './negotiation.js'
import { OPTIONS, referenceSettings, type ReferenceOptions } from './options.js'

/** The options of the routes, beside the `prefix` of `register`. */
export interface ReferenceRoutesOptions extends ReferenceOptions {
  /** Where the page is. Default `/scopes`; with `.html`, `.md` or `.json` behind it, always in that form. */
  readonly path?: string
  /** Who may read it, as in the config of a route. Default `{ public: true }`: everybody. */
  readonly access?: RouteAccess
}

/**
 * Serves the reference of the scopes of an app, as `scopeReference` makes it:
 *
 * - `GET /scopes` as HTML, Markdown or JSON, as the request's `Accept` says
 * - `GET /scopes.html`, `GET /scopes.md` and `GET /scopes.json` as their names say
 *
 * Register it after fastify-api-key-scopes. What it answers is made once, when the app is ready. The routes are not told of in the
 * reference itself.
 *
 * @throws FST_API_KEY_BAD_OPTIONS if fastify-api-key-scopes is not there, or an option is wrong.
 */
export async function scopeReferenceRoutes (app: FastifyInstance, options: ReferenceRoutesOptions): Promise<void> {
  if (!app.hasDecorator('apiKeys')) {
    throw new BadOptionsError('register fastify-api-key-scopes before fastify-api-key-scopes/reference')
  }
  const { path, access, ...of } = readOptions(options)
  // Whatever the mode of the app: nobody's client depends on these yet.
  const config = 'public' in access ? access : { ...access, scopesMode: 'enforce' as const }
  const caching = 'public' in access ? 'public, no-cache' : 'private, no-cache'
  let documents: ReadonlyMap<MediaType, Document>

  app.addHook('onReady', async () => {
    const reference = scopeReference(app, of)
    documents = new Map([
      ['text/html', documentOf(toHtml(reference))],
      ['text/markdown', documentOf(toMarkdown(reference))],
      ['application/json', documentOf(JSON.stringify(reference))]
    ])
  })

  add(path, ({ headers }, reply) => {
    // Others may have named a header, as @fastify/cors does.
    reply.header('vary', [reply.getHeader('vary') ?? [], 'accept'].flat().join(', '))
    return preferred(headers.accept, ['text/html', 'text/markdown', 'application/json'])
  })
  add(`${path}.html`, () => 'text/html')
  add(`${path}.md`, () => 'text/markdown')
  add(`${path}.json`, () => 'application/json')

  function add (url: string, typeFor: (request: FastifyRequest, reply: FastifyReply) => MediaType): void {
    app.get(url, { config, schema: hidden() }, async (request, reply) => {
      const type = typeFor(request, reply)
      reply.header('cache-control', caching)
      return await send(request, reply, type, documents.get(type)!)
    })
  }
}

/** A schema for generators of documentation, which know `hide`, and Fastify does not. */
function hidden (): object {
  return { hide: true }
}

type MediaType = 'text/html' | 'text/markdown' | 'application/json'

interface Document { readonly body: string, readonly etag: string }

function documentOf (body: string): Document {
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url')}"` }
}

async function send (request: FastifyRequest, reply: FastifyReply, type: MediaType, { body, etag }: Document): Promise<FastifyReply> {
  reply.header('etag', etag)
  if (isKnown(request.headers['if-none-match'], etag)) return await reply.code(304).send()
  reply.headers({ 'content-type': `${type}; charset=utf-8`, 'x-content-type-options': 'nosniff' })
  if (type === 'text/html') reply.header('content-security-policy', `${CONTENT_SECURITY_POLICY}; frame-ancestors 'none'`)
  return await reply.send(body)
}

/** Something on the way may have made the tag weak, as those do that compress. */
function isKnown (tags: string | undefined, etag: string): boolean {
  return tags !== undefined && tags.split(',').map(tag => tag.trim()).some(tag => tag === '*' || tag === etag || tag === `W/${etag}`)
}

function readOptions (options: ReferenceRoutesOptions): ReferenceOptions & { readonly path: string, readonly access: RouteAccess } {
  const { path = '/scopes', access = { public: true }, ...rest } = options
  const own = Object.fromEntries(Object.entries(rest).filter(([option]) => !FASTIFY_OPTIONS.includes(option)))
  const faults: string[] = []
  const { baseUrl, ...settings } = referenceSettings(own, [...OPTIONS, 'path', 'access'], faults)
  if (typeof path !== 'string' || !/^(\/[\w.~-]+)+$/.test(path)) faults.push(`path must be a path such as '/scopes', without parameters and without a slash at its end, not ${show(path)}`)
  if (!isPlainObject(access)) faults.push(`access must say who may read it, as the config of a route does: { public: true }, { scopes: [] } or { userOnly: true }, not ${show(access)}`)
  if (faults.length > 0) throw new BadOptionsError(`reference: ${faults.join('; ')}`)
  return { ...settings, ...baseUrl !== null && { baseUrl }, path, access }
}
