import type { Principal } from './http/access.js'
import type { ScopeCondition } from './http/conditions.js'
import type { ScopesMode } from './http/decision.js'
import type { ApiKeys } from './reports/api-keys.js'
import type { ScopeName } from './scopes/register.js'
import type { ScopeRequirement } from './scopes/requirement.js'
import apiKeyScopes from './plugin.js'

export { apiKeyScopes, apiKeyScopes as default }
export { defineScopes } from './scopes/catalog.js'
export { memoryStore } from './stores/memory.js'

export { ScopeDefinitionError } from './scopes/faults.js'
export * from './keys/errors.js'
export * from './http/errors.js'

// `export *`, for a module augmentation can add to an interface that is re-exported so, and to no other.
export * from './scopes/register.js'
export type { Catalog, CatalogOptions, Inclusion, ScopeEntry } from './scopes/catalog.js'
export type { Entry, ScopeStatus } from './scopes/entries.js'
export type { Grant } from './scopes/grant.js'
export type { MissingRequired } from './scopes/required.js'
export type { AllOf, Demand, Requirement, ScopeRequirement, Shortfall } from './scopes/requirement.js'
export type { Resource, ResourceOption } from './scopes/resources.js'

export type { Actor, AuditEvent, AuditSink } from './keys/audit.js'
export type { Pepper } from './keys/digest.js'
export type { ForeignKeyShape } from './keys/foreign-keys.js'
export type { MissingRequiredPolicy } from './keys/granted-scopes.js'
export type { ApiKeyChanges } from './keys/key-changes.js'
export type { Keyring } from './keys/keyring.js'
export type { KeyPage, ListQuery } from './keys/key-list.js'
export type { ImportedKey } from './keys/imported-key.js'
export type { KeyRefusal } from './keys/known-key.js'
export type { CallingRequest, CallOptions, Issuer, OnBehalf } from './keys/life/caller.js'
export type { Grantable } from './keys/life/ceiling.js'
export type { ImportResult } from './keys/life/import.js'
export type { PurgeQuery } from './keys/life/purge.js'
export type { RevokeOptions } from './keys/life/revoke.js'
export type { RotateOptions } from './keys/life/rotate.js'
export type { UsageQuery } from './keys/life/usage.js'
export type { Verification, VerifyOptions } from './keys/life/verify.js'
export type { IssuedKey } from './keys/life/secret.js'
export type { NewApiKey } from './keys/new-key.js'
export type { ApiKeyRecord, JsonObject, JsonValue, StoredKey } from './keys/record.js'
export type { OwnerScopes } from './keys/owner-rights.js'
export type { Awaitable, Changes, KeyChanges, KeyQuery, KeyState, KeyStore, KeyUse, MigratingStore, Migration, Position, SeenKey } from './keys/store.js'
export type { KeyUsage } from './keys/usage/report.js'

export type { Principal, RegisteredUser } from './http/access.js'
export type { FormatError } from './http/answer.js'
export type { GuardedCondition, GuardedRoute } from './http/guarded-routes.js'
export type { ScopeCondition } from './http/conditions.js'
export type { ScopesMode, User } from './http/decision.js'
export type { Denial } from './http/denial.js'
export type { DenialLogLevel } from './http/decision-log.js'
export type { ApiKeyScopesOptions, AuditOptions, UsageOptions } from './http/options.js'
export type { RouteAccess } from './http/policy.js'
export type { ReportedCaller, ReportedDenial, ReportedDenials, ReportedQuery } from './http/report-mode-summary.js'
export type { Annotate, RouteToAnnotate } from './http/route-policies.js'
export type { AuthenticateUser } from './http/session.js'

export type { ApiKeys } from './reports/api-keys.js'
export type { Finding, FindingKind } from './reports/findings.js'
export type { ExplainedCondition, Explanation, NeededScope } from './reports/explain.js'
export type { RouteQuery } from './reports/explain-options.js'
export type { ExplainedSubject } from './reports/explain-subject.js'
export type { RequestConstraints } from './reports/route-finder.js'
export type { OpenedCondition, Opening, WhoCan, WhoCanQuery } from './reports/who-can.js'
export type { AbleKey, AbleKeys, KeysQuery } from './reports/who-can-keys.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The scopes an API key needs: a name, a list of which all are needed, or `{ anyOf: [...] }`. `[]`: any valid key. */
    scopes?: ScopeRequirement<ScopeName>
    /** What is needed beside `scopes` for some requests, depending on what is in them. */
    scopesWhen?: readonly ScopeCondition[]
    /** Only user sessions; API keys are refused, whatever their scopes. */
    userOnly?: true
    /** Everybody; no credential is read. */
    public?: true
    /** Whether this route refuses, or only tells of it. Default: as the option `mode` of the plugin says. Not with `public`. */
    scopesMode?: ScopesMode
    // What people write when they mean one of the above: it does not compile.
    scope?: never
    scopeWhen?: never
    scopesIf?: never
    requiredScope?: never
    requiredScopes?: never
    anyOf?: never
    anyof?: never
    allOf?: never
    allof?: never
    useronly?: never
    user_only?: never
    usersOnly?: never
    isPublic?: never
    scopeMode?: never
    scopesmode?: never
    reportOnly?: never
    reportMode?: never
  }

  interface FastifyRequest {
    /** Who makes the request; `null` on public routes and where no route matched. Safe to log. */
    readonly principal: Principal | null
    /** Whether whoever makes the request has these scopes (all of them, or a requirement as in `config.scopes`). */
    hasScopes (...scopes: readonly ScopeName[] | readonly [ScopeRequirement<ScopeName>]): boolean
    /** Throws the denial that a route with these scopes would answer, unless whoever makes the request has them. */
    requireScopes (...scopes: readonly ScopeName[] | readonly [ScopeRequirement<ScopeName>]): void
  }

  interface FastifyInstance {
    apiKeys: ApiKeys
  }
}
