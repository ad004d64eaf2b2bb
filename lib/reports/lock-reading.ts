import { BadLockError } from '../http/errors.js'
import { defineScopes, type Catalog, type ScopeEntry } from '../scopes/catalog.js'
import { isPlainObject } from '../scopes/entries.js'
import { listed, show, type ScopeDefinitionError } from '../scopes/faults.js'
import type { ScopeRequirement } from '../scopes/requirement.js'
import { LOCK_VERSION, type Lock, type LockedAccess, type LockedCondition, type LockedRoute, type LockedScope } from './lock.js'
import { lockText } from './lock-text.js'

/**
 * Reads a lock file. Line ends may have been made those of Windows; everything else must stand there as `lockText` has written it.
 *
 * @param text the whole file.
 * @throws FST_API_KEY_BAD_LOCK if it is no lock file, is of another version, has conflict markers in it, or was edited by hand.
 */
export function readLock (text: string): Lock {
  const given = text.replaceAll('\r\n', '\n')
  if (/^(<{7}|={7}|>{7})/m.test(given)) throw new BadLockError('has merge conflicts in it')
  const lock = checked(parsed(given))
  const wanted = lockText(lock)
  if (given === wanted) return lock
  const lines = wanted.split('\n')
  const is = given.split('\n')
  const at = lines.findIndex((line, i) => line !== is[i])
  throw new BadLockError(`was edited by hand: line ${at + 1} is not what would be written there`)
}

/** What a lock says of scopes, as a catalog: it decides as the one that the lock was made from. @throws {ScopeDefinitionError} */
export function catalogOf ({ scopes }: Pick<Lock, 'scopes'>): Catalog {
  return defineScopes(scopes as Record<string, ScopeEntry>)
}

function parsed (text: string): Record<string, unknown> {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (error) {
    throw new BadLockError(`is no JSON: ${(error as Error).message.replace(/\s+/g, ' ')}`)
  }
  if (!isPlainObject(document) || !Object.hasOwn(document, 'lockVersion')) throw new BadLockError('is no lock file: it has no lockVersion')
  const { lockVersion } = document
  if (lockVersion !== LOCK_VERSION) throw new BadLockError(`is of lockVersion ${show(lockVersion)}, and this version of fastify-api-key-scopes reads ${LOCK_VERSION}`)
  return document
}

function checked (document: Record<string, unknown>): Lock {
  const faults: string[] = []
  const { lockVersion, routes, notFound, scopes, defaultGrant, presets, ...rest } = document
  const must = (holds: boolean, what: string, be: string, value: unknown) => { if (!holds) faults.push(`${what} must be ${be}, not ${show(value)}`) }
  for (const member of Object.keys(rest)) faults.push(`unknown member ${show(member)}`)
  must(Array.isArray(routes), 'routes', 'a list', routes)
  must(isPlainObject(scopes) && Object.values(scopes).every(isLockedScope), 'scopes', 'an object { name: { includes, status, replacedBy } }', scopes)
  must(defaultGrant === null || isListOfNames(defaultGrant), 'defaultGrant', 'a list of scope names, or null', defaultGrant)
  must(isPlainObject(presets) && Object.values(presets).every(isListOfNames), 'presets', 'an object { name: [scope, ...] }', presets)
  refuse(faults)

  const catalog = inFaults('scopes', faults, () => catalogOf({ scopes: scopes as Lock['scopes'] }))
  const read = (routes as unknown[]).map((route, i) => readRoute(route, `routes[${i}]`, catalog, faults))
  const handler = readAccess(notFound, 'notFound', catalog, faults)
  refuse(faults)
  return { lockVersion: LOCK_VERSION, routes: read, notFound: handler, scopes, defaultGrant, presets } as Lock
}

function readRoute (value: unknown, field: string, catalog: Catalog | undefined, faults: string[]): LockedRoute {
  const { route, constraints, ...access } = Object(value) as Record<string, unknown>
  if (typeof route !== 'string' || !/^\S+ ./.test(route)) faults.push(`${field}.route must be a method and a URL, such as "GET /clusters", not ${show(route)}`)
  if (constraints !== undefined && !(isPlainObject(constraints) && Object.values(constraints).every(text => typeof text === 'string'))) {
    faults.push(`${field}.constraints must be an object of strings, not ${show(constraints)}`)
  }
  return { route, ...constraints !== undefined && { constraints }, ...readAccess(access, field, catalog, faults) } as LockedRoute
}

function readAccess (value: unknown, field: string, catalog: Catalog | undefined, faults: string[]): LockedAccess {
  const { scopes, scopesWhen, userOnly, public: isPublic, scopesMode, ...rest } = Object(value) as Record<string, unknown>
  const isSound = Object.keys(rest).length === 0 && [userOnly, isPublic].every(flag => flag === undefined || flag === true) &&
    [scopes, userOnly, isPublic].filter(said => said !== undefined).length === 1 &&
    (scopesWhen === undefined || (scopes !== undefined && Array.isArray(scopesWhen) && scopesWhen.every(isLockedCondition))) &&
    (scopesMode === undefined || scopesMode === 'report')
  if (!isSound) {
    faults.push(`${field} must have exactly one of scopes, userOnly: true and public: true, may have scopesWhen and scopesMode, and nothing else: ${show(value)}`)
  } else {
    for (const demand of [...scopes === undefined ? [] : [scopes], ...((scopesWhen ?? []) as LockedCondition[]).map(condition => condition.scopes)]) {
      inFaults(field, faults, () => catalog?.requirement(demand as ScopeRequirement))
    }
  }
  return value as LockedAccess
}

function isLockedScope (value: unknown): value is LockedScope {
  return isPlainObject(value) && Object.keys(value).every(member => ['includes', 'status', 'replacedBy'].includes(member))
}

function isLockedCondition (value: unknown): value is LockedCondition {
  return isPlainObject(value) && Object.keys(value).every(member => ['scopes', 'description'].includes(member)) && ['string', 'undefined'].includes(typeof value.description)
}

function isListOfNames (value: unknown): boolean {
  return Array.isArray(value) && value.every(name => typeof name === 'string')
}

function inFaults<Result> (what: string, faults: string[], read: () => Result): Result | undefined {
  try {
    return read()
  } catch (error) {
    faults.push(...(error as ScopeDefinitionError).faults.map(fault => `${what}: ${fault}`))
    return undefined
  }
}

function refuse (faults: readonly string[]): void {
  if (faults.length > 0) throw new BadLockError(`is malformed: ${listed(faults, String, '; ')}`)
}
