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
    section('EASIER TO REACH', '!', routeLines(easier)),
    section('Given to more', '!', grants.filter(({ gained }) => gained.length > 0).map(grantLine)),
    section('New', '+', routes.filter(({ change }) => change === 'new').map(newLine)),
    section('Harder to reach', '-', routeLines(changed.filter(route => route.harder && !route.easier))),
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

/** Routes that say what they said, and that others reach by the same scopes, are told of together. */
function routeLines (routes: readonly RouteChange[]): string[] {
  const byCause = new Map<string, RouteChange[]>()
  for (const route of routes) {
    const cause = route.before === route.after ? causeOf(route) : ''
    byCause.set(cause, [...byCause.get(cause) ?? [], route])
  }
  return [...byCause].sort(([a], [b]) => Number(a !== '') - Number(b !== '')).flatMap(([cause, group]) => {
    if (cause === '') return group.map(route => wasIs(route) + detailOf(route))
    const first = `by what scopes include now, ${cause}, for ${group.length === 1 ? 'a route that says' : `${group.length} routes that say`} what ${group.length === 1 ? 'it' : 'they'} did:`
    return [first, ...group.map(route => `    ${nameOf(route)}: ${route.after}`)]
  })
}

function wasIs (route: RouteChange): string {
  const { before, after } = route
  return `${nameOf(route)}: was ${before}, is now ${before === after ? 'the same in other words' : after}`
}

/** Which scopes are enough, where the words for what is needed do not tell. */
function causeOf ({ opensTo, closesTo }: RouteChange): string {
  return [
    ...opensTo.keys.length > 0 ? [`${grantsText(opensTo.keys)} ${isOrAre(opensTo.keys)} enough`] : [],
    ...closesTo.keys.length > 0 ? [`${grantsText(closesTo.keys)} ${isOrAre(closesTo.keys)} not enough any more`] : []
  ].join(', and ')
}

function detailOf ({ easier, harder, opensTo, closesTo }: RouteChange): string {
  if (isOnlySessions(opensTo) && easier) return ` (easier for user sessions that have scopes of their own${harder ? ', harder for API keys' : ''})`
  if (isOnlySessions(closesTo) && harder) return ` (harder for user sessions that have scopes of their own${easier ? ', easier for API keys' : ''})`
  if (!easier || !harder) return ''
  return ` (${grantsText(opensTo.keys)} ${isOrAre(opensTo.keys)} enough now, and ${grantsText(closesTo.keys)} ${isOrAre(closesTo.keys)} not any more)`
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

function scopeLine ({ scope, change, before, after, opens, closes }: ScopeChange): string {
  const written = change === 'new' ? `new${saying(after)}` : change === 'removed' ? `removed${saying(before)}` : says(before) === says(after) ? 'the same, but what it includes has changed' : `was ${says(before)}, is now ${says(after)}`
  const effects = [[opens, 'opens'], [closes, 'opens no more']] as const
  return [`${scope}: ${written}`, ...effects.filter(([routes]) => routes.length > 0).map(([routes, verb]) => `${verb} ${routes.length <= MOST ? routes.join(', ') : `${routes.slice(0, MOST).join(', ')} and ${routes.length - MOST} more`}`)].join('; ')
}

function saying (scope: LockedScope | null): string {
  return says(scope) === 'plain' ? '' : `, ${says(scope)}`
}

function says (scope: LockedScope | null): string {
  const { includes = [], status, replacedBy } = scope ?? {}
  return [...status === undefined ? [] : [status], ...replacedBy === undefined ? [] : [`replaced by ${replacedBy}`], ...includes.length === 0 ? [] : [`including ${includes.join(', ')}`]].join(', ') || 'plain'
}

function grantLine ({ preset, before, after, gained, lost }: GrantChange): string {
  const named = (names: readonly string[] | null) => names === null ? 'none' : names.length === 0 ? 'no scopes' : names.join(', ')
  const effects = [[gained, 'more'], [lost, 'less']] as const
  return `${preset === null ? 'the default grant' : `preset ${JSON.stringify(preset)}`}: was ${named(before)}, is now ${named(after)}${effects.filter(([names]) => names.length > 0).map(([names, word]) => ` (${word}: ${names.join(', ')})`).join('')}`
}
