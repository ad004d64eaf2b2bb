import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { Auditor } from '../keys/audit.js'
import type { Catalog } from '../scopes/catalog.js'
import type { Refused, Verified } from './decision.js'
import { actorOf, reportInstead } from './decision-log.js'
import type { Refusals } from './denial.js'
import { Tally, type Row } from './report-mode-tally.js'
import { summaryOf, type ReportedDenials, type ReportedQuery } from './report-mode-summary.js'
import { throttle } from './throttle.js'

export interface ReportModeOptions {
  readonly catalog: Catalog
  readonly refusals: Refusals
  readonly auditor: Auditor
  readonly log: FastifyBaseLogger
}

/** How many routes are not enforced, and of how many. */
export interface Unenforced {
  readonly routes: number
  readonly of: number
  /** Whether there may be others, which nobody could see. */
  readonly orMore: boolean
}

/** Tells of what would have been refused, where routes are not enforced, loudly: at start, each time, and once an hour. */
export class ReportMode {
  readonly #options: ReportModeOptions
  readonly #tally = new Tally()
  /** For what has no row of its own. */
  readonly #atTimes = throttle(LINE_INTERVAL)
  #hourly: NodeJS.Timeout | undefined

  constructor (options: ReportModeOptions) {
    this.#options = options
  }

  /** Once all routes are there. */
  begin ({ routes, of, orMore }: Unenforced): void {
    const which = `${routes} of ${of} routes${orMore ? ', and some that could not be seen at start,' : ''}`
    this.#options.log.warn({ reportMode: { routes, of } }, `report mode: ${which} let keys and sessions through that lack scopes; what would have been denied is logged, and app.apiKeys.reported() sums it up`)
    this.#tellHourly()
  }

  /** Tells of a request that is let through although it was refused; everybody who hears of denials hears of it. */
  tell (request: FastifyRequest, decision: Refused, identity: Verified, reason: string = decision.outcome): void {
    const { refusals, auditor } = this.#options
    const { denial } = refusals.of(decision, identity)
    // It may be a route that nobody saw at start.
    this.#tellHourly()
    const row = this.#tally.note({
      actor: actorOf(identity),
      method: request.method,
      // Only what a route has let through gets here.
      route: request.routeOptions.url!,
      denial,
      demand: decision.outcome === 'missingScope' ? decision.demand : null,
      grant: identity.grant
    }, () => throttle(LINE_INTERVAL))
    reportInstead(request, denial, reason, identity, auditor, row?.atTimes ?? this.#atTimes)
  }

  /** @throws {InvalidInputError} naming every option that is wrong. */
  summary (query?: ReportedQuery): ReportedDenials {
    return summaryOf(this.#tally, query, this.#options.catalog)
  }

  /** Tells of what is left of this hour. */
  close (): void {
    clearInterval(this.#hourly)
    if (this.#tally.lately > 0) this.#tellOfHour()
  }

  #tellHourly (): void {
    this.#hourly ??= setInterval(() => { this.#tellOfHour() }, HOUR).unref()
  }

  #tellOfHour (): void {
    const { count, unlisted, rows } = this.#tally.takeLately()
    const denials = rows.sort((a, b) => b.lately - a.lately).slice(0, MOST_TOLD).map(shown)
    this.#options.log.warn({ reportMode: { count, unlisted, denials } }, `report mode: would-be denials in the last hour: ${count}`)
  }
}

/** At most one line a minute tells of the same denial of the same caller, so that no client fills the disk. */
const LINE_INTERVAL = 60_000
const HOUR = 3_600_000

/** In the line of an hour; the most frequent ones. */
const MOST_TOLD = 50

function shown ({ actor, method, route, code, missingScopes, lately }: Row & { readonly lately: number }) {
  return { actor, method, route, code, missingScopes, count: lately }
}
