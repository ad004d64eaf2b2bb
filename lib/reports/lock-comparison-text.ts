import type { Gain } from './lock-opening.js'
import type { GrantChange, LockComparison, RouteChange, ScopeChange } from './lock-comparison.js'
import type { LockedScope } from './lock.js'

/**
 * What has changed, for people: first what is easier to reach, then everything else, with a sign at the beginning of each line. `''` if
 * nothing has. It ends with a line break.
 */
export function comparisonText ({ routes, scopes, grants }: LockComparison): string {
  const changed = routes.filter(({ change }) => change === 'changed')
  const easier = changed.filter(route => route.easier)
  return [
    section('EASIER TO REACH', '!', routeLines(easier, scopes)),
    section('Given to more', '!', grants.filter(({ gained }) => gained.length > 0).map(grantLine)),
    section('New', '+', routes.filter(({ change }) => change === 'new').map(newLine)),
    section('Harder to reach', '-', routeLines(changed.filter(route => route.harder && !route.easier), scopes)),
    section('Said in another way, for the same callers', '~', changed.filter(route => !route.harder && !route.easier).map(wasIs)),
    section('Removed', '-', routes.filter(({ change }) => change === 'removed').map(route => `${nameOf(route)}: was ${route.before}`)),
    section('Scopes', '~', scopes.map(scopeLine)),
    section('Default grant and presets', '~', grants.filter(({ gained }) => gained.length === 0).map(grantLine))
  ].filter(text => text !== '').join('\n')
}

/** `2 routes are EASIER to reach, 1 is new`; `nothing has changed`. */
export function comparisonSummary ({ routes, scopes, grants, same }: LockComparison): string {
  if (same) return 'nothing has changed'
  const count = (belongs: (route: RouteChange) => boolean) => routes.filter(belongs).length
  const easier = count(route => route.easier)
  const counts: ReadonlyArray<readonly [number, string, string?]> = [
    [easier, 'EASIER to reach'],
    [count(({ change }) => change === 'new'), 'new'],
    [count(route => route.harder), 'harder to reach'],
    [count(({ change, ...route }) => change === 'changed' && !route.easier && !route.harder), 'written in another way'],
    [count(({ change }) => change === 'removed'), 'removed']
  ]
  const told = counts.filter(([number]) => number > 0).map(([number, what], i) => `${number} ${i > 0 ? '' : number === 1 ? 'route ' : 'routes '}${number === 1 ? 'is' : 'are'} ${what}`)
  if (scopes.length > 0) told.push(`${scopes.length} ${scopes.length === 1 ? 'scope has' : 'scopes have'} changed`)
  if (grants.length > 0) told.push('what keys are given by default or by preset has changed')
  return told.join(', ')
}

function section (title: string, sign: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}\n${lines.map(line => `${sign} ${line}\n`).join('')}`
}

/** Routes that say what they said, and that scopes open or close which are written in another way now, are told of together. */
function routeLines (routes: readonly RouteChange[], scopes: readonly ScopeChange[]): string[] {
  const written = new Map(scopes.filter(({ before, after }) => says(before) !== says(after) || before === null || after === null).map(change => [change.scope, change]))
  const byCause = new Map<string, RouteChange[]>()
  for (const route of routes) {
    const names = [...new Set([...route.opensTo.keys, ...route.closesTo.keys].flat())].filter(name => written.has(name))
    const cause = route.before === route.after ? names.map(name => writtenText(written.get(name)!)).join('; ') : ''
    byCause.set(cause, [...byCause.get(cause) ?? [], route])
  }
  const own = byCause.get('') ?? []
  byCause.delete('')
  return [
    ...own.map(route => wasIs(route) + detailOf(route)),
    ...[...byCause].flatMap(([cause, group]) => [`through ${cause}:`, ...group.map(route => `    ${nameOf(route)}: ${route.after}${detailOf(route)}`)])
  ]
}

function wasIs (route: RouteChange): string {
  const { before, after } = route
  return `${nameOf(route)}: ${before === after ? `still ${after}` : `was ${before}, is now ${after}`}`
}

/** What the words for what is needed do not tell. */
function detailOf ({ before, after, easier, harder, opensTo, closesTo }: RouteChange): string {
  if (isOnlySessions(opensTo)) return ` (easier for user sessions that have scopes of their own${harder ? ', harder for API keys' : ''})`
  if (isOnlySessions(closesTo)) return ` (${easier ? 'easier for API keys, ' : ''}harder for user sessions that have scopes of their own)`
  if (before !== after && !(easier && harder)) return ''
  const effects = [[opensTo.keys, 'enough now'], [closesTo.keys, 'not enough any more']] as const
  return ` (${effects.filter(([grants]) => grants.length > 0).map(([grants, what]) => `${grantsText(grants)} ${isOrAre(grants)} ${what}`).join(', ')})`
}

function isOnlySessions ({ everybody, keys, sessions }: Gain): boolean {
  return !everybody && keys.length === 0 && sessions.length > 0
}

function grantsText (grants: Gain['keys']): string {
  const texts = grants.map(names => names.length === 0 ? 'any valid key' : names.join(' + '))
  return texts.length <= MOST ? texts.join(' or ') : `${texts.slice(0, MOST).join(' or ')} or others`
}

const MOST = 5

function isOrAre (grants: Gain['keys']): string {
  return grants.length === 1 && grants[0]!.length > 1 ? 'are' : 'is'
}

function newLine (route: RouteChange): string {
  return `${nameOf(route)}: ${route.after}`
}

function nameOf ({ route, constraints }: Pick<RouteChange, 'route' | 'constraints'>): string {
  return `${route}${Object.entries(constraints).map(([name, value]) => ` (${name} ${value})`).join('')}`
}

function scopeLine (change: ScopeChange): string {
  const effects = [[change.opens, 'opens'], [change.closes, 'opens no more']] as const
  return [writtenText(change), ...effects.filter(([routes]) => routes.length > 0).map(([routes, verb]) => `${verb} ${fewOf(routes)}`)].join('; ')
}

function writtenText ({ scope, change, before, after }: ScopeChange): string {
  if (change === 'new') return `${scope} (new${saying(after)})`
  if (change === 'removed') return `${scope} (removed${saying(before)})`
  return says(before) === says(after) ? `${scope} (the same, but what it includes has changed)` : `${scope} (was ${says(before)}, is now ${says(after)})`
}

function fewOf (items: readonly string[]): string {
  return items.length <= MOST ? items.join(', ') : `${items.slice(0, MOST).join(', ')} and ${items.length - MOST} more`
}

function saying (scope: LockedScope | null): string {
  return says(scope) === 'plain' ? '' : `, ${says(scope)}`
}

function says (scope: LockedScope | null): string {
  const { includes = [], status, replacedBy } = scope ?? {}
  return [
    ...status === undefined ? [] : [status], ...replacedBy === undefined ? [] : [`replaced by ${replacedBy}`],
    ...includes.length === 0 ? [] : [`including ${includes.join(', ')}`]
  ].join(', ') || 'plain'
}

function grantLine ({ preset, before, after, gained, lost }: GrantChange): string {
  const named = (names: readonly string[] | null) => names === null ? 'none' : names.length === 0 ? 'no scopes' : names.join(', ')
  const effects = [[gained, 'more'], [lost, 'less']] as const
  return `${preset === null ? 'the default grant' : `preset ${JSON.stringify(preset)}`}: was ${named(before)}, is now ${named(after)}${effects.filter(([names]) => names.length > 0).map(([names, word]) => ` (${word}: ${fewOf(names)})`).join('')}`
}
