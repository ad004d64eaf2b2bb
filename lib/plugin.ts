import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { principalOf } from './http/access.js'
import { auditLog } from './http/audit-log.js'
import { bearerAuthentication } from './http/bearer.js'
import { Callers } from './http/callers.js'
import { Refusals } from './http/denial.js'
import { BadOptionsError } from './http/errors.js'
import { Guard } from './http/guard.js'
import { HandlerDemands } from './http/handler-demands.js'
import { asInspected } from './http/inspection.js'
import { protect } from './http/last-check.js'
import type { ApiKeyScopesOptions } from './http/options.js'
import { PUBLIC } from './http/policy.js'
import { ReportMode } from './http/report-mode.js'
import { RoutePolicies } from './http/route-policies.js'
import { sessionsOf } from './http/session.js'
import { readOptions } from './http/settings.js'
import { foreignKeyTrouble, storeTrouble, usageTrouble } from './http/store-trouble.js'
import { Auditor } from './keys/audit.js'
import { digester } from './keys/digest.js'
import { ForeignKeys } from './keys/foreign-keys.js'
import { keyring } from './keys/keyring.js'
import { usageNotes } from './keys/usage/notes.js'
import { KeyVerifier } from './keys/verifier.js'
import { PATIENCE, within } from './keys/within.js'
import { apiKeysOf } from './reports/api-keys.js'
import { logFindings } from './reports/findings-log.js'
import { kInside, type Inside } from './reports/inside.js'
import { RouteTable } from './reports/route-table.js'
import { describeSwagger } from './reports/swagger.js'

/**
 * Enforces `config.scopes`, `config.userOnly` and `config.public` on every route of the instance it is registered on and
 * of its children, those declared before it included.
 */
async function apiKeyScopes (app: FastifyInstance, options: ApiKeyScopesOptions): Promise<void> {
  try {
    await guardRoutes(app, options)
  } catch (error) {
    // `register(...).after(error => ...)` takes an error, and the app would start with nothing to guard it.
    app.addHook('onReady', async () => { throw error })
    throw error
  }
}

async function guardRoutes (app: FastifyInstance, options: ApiKeyScopesOptions): Promise<void> {
  const settings = asInspected(readOptions(options))
  const { catalog, store } = settings
  refuseIfTaken(app)

  const trouble = storeTrouble(app.log)
  const auditor = new Auditor(settings.audit, auditLog(app.log))
  const digests = digester(settings.peppers, settings.allowUnpeppered)
  const foreignKeys = new ForeignKeys(settings.foreignKeys, foreignKeyTrouble(app.log))
  const verifier = new KeyVerifier({ ...settings, foreignKeys, digester: digests, trouble })

  const usage = usageNotes(store, { flushInterval: settings.usageFlushInterval, maxKeys: Math.max(settings.maxKeys, 100_000), failed: trouble.failed, full: usageTrouble(app.log) })
  const opened = (async () => { await store.open?.() })()
  // Before it is open: Fastify does not wait for that for ever, and whatever it does then, the store must be closed.
  app.addHook('onClose', async () => {
    // By now every request was answered, and so was noted.
    await verifier.lease.close()
    await usage.close()
    const closed = opened.then(async () => { await store.close?.() }, () => {})
    await within(PATIENCE, closed, () => new Error('the API key store did not close in time'))
  })
  await opened

  const policies = new RoutePolicies({ catalog, hasSessions: settings.authenticateUser !== undefined }, settings.annotate, settings.notFound, settings.mode)
  const refusals = new Refusals(settings.realm, settings.revealGranted)
  const passBearer = await bearerAuthentication(app)
  const reportMode = new ReportMode({ catalog, refusals, auditor, log: app.log })
  app.addHook('onClose', async () => { reportMode.close() })
  const demands = new HandlerDemands({ catalog, refusals, usage, policies, reportMode })
  const callers = new Callers({ ...settings, sessions: sessionsOf(settings), verifier, passBearer })
  const guard = new Guard({ ...settings, policies, callers, refusals, demands, reportMode, auditor, usage })

  const ring = keyring({ ...settings, prefix: settings.prefixes[0], digester: digests, verifier, trouble, auditor, usage })
  const table = new RouteTable(policies)
  const inside: Inside = {
    table,
    catalog,
    refusals,
    prefix: settings.prefixes[0],
    apiKeyHeader: settings.apiKeyHeader,
    hasSessions: settings.authenticateUser !== undefined,
    notFound: settings.notFound,
    formatsErrors: settings.formatError !== undefined
  }
  app.decorate('apiKeys', apiKeysOf({ app, keyring: ring, verifier, reportMode, inside }))
  app.decorate(kInside, inside)
  app.decorateRequest('principal', { getter () { return principalOf(this) }, setter: refuseToSet })
  app.decorateRequest('hasScopes', function (this: FastifyRequest, ...scopes) { return demands.has(this, scopes) })
  app.decorateRequest('requireScopes', function (this: FastifyRequest, ...scopes) { demands.require(this, scopes) })

  app.addHook('onRequest', (request, reply, done) => { guard.onRequest(request, reply, done) })
  // Of the instance, though it costs every request another hook: it has to come before those that others add, which may answer.
  app.addHook('preHandler', (request, reply, done) => { guard.preHandler(request, reply, done) })
  app.addHook('onRoute', function (route) {
    protect(route, policies.declare(route, this))
  })
  app.addHook('onError', (request, reply, error, done) => { guard.onError(request, reply, error, done) })

  app.addHook('onReady', async () => {
    // An instance around this one may have been given the plugin later.
    refuseSecond(Object.getPrototypeOf(app) as object)
    const seen = policies.check(app)
    if (seen === 'some may be unseen') {
      const whom = settings.mode === 'report' ? 'whoever cannot prove who they are' : 'everybody'
      app.log.warn(`fastify-api-key-scopes was imported after this app was made, so it cannot tell whether earlier routes say who may call them; those that do not are refused to ${whom}`)
    }
    table.complete(seen === 'some may be unseen')
    if (table.isReporting || settings.mode === 'report') reportMode.begin({ ...table.unenforced(), orMore: seen !== 'all seen' })
    await describeSwagger(app, inside)
    if (store.changes === undefined && settings.maxStaleness > 0) {
      app.log.warn(`the API key store cannot tell what has changed (it has no method changes), so every key is read anew after ${settings.maxStaleness} ms`)
    }
    if (settings.notFound === PUBLIC) {
      app.log.info('requests that match no route reach the not-found handler unchecked; if yours serves something, guard it with the option notFound')
    }
    if (settings.logFindings) logFindings(app.log, () => app.apiKeys.findings())
    verifier.lease.open()
  })
}

function refuseIfTaken (app: FastifyInstance): void {
  refuseSecond(app)
  const taken = ['principal', 'hasScopes', 'requireScopes'].find(name => app.hasRequestDecorator(name))
  if (taken !== undefined) throw new BadOptionsError(`request.${taken} exists already, from another plugin; the two cannot be used together`)
}

function refuseSecond (app: object): void {
  if ('apiKeys' in app) {
    throw new BadOptionsError('app.apiKeys exists already; register the plugin once, on the outermost instance that it shall guard')
  }
}

/**
 * Nobody but the guard says who makes a request. But Fastify itself sets, on each request, what a child may have
 * decorated it with, which cannot be an object; to throw then would end the process.
 */
function refuseToSet (value: unknown): void {
  if (typeof value === 'object' && value !== null) throw new TypeError('request.principal cannot be set: it is what fastify-api-key-scopes found out')
}

export default fp(apiKeyScopes, { fastify: '5.x', name: 'fastify-api-key-scopes' })
