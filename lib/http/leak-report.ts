import { LeakReportMalformedError } from './errors.js'

/** A secret that was found in public, as it was reported. */
export interface ReportedSecret {
  readonly token: string
  readonly type: string
  readonly url: string
  readonly source: string
}

/**
 * Reads the body of a report, `[{ token, type, url, source }]`. An entry without a token is left out, so that it stops no
 * other; whatever else an entry lacks is empty.
 *
 * @throws {LeakReportMalformedError} which quotes nothing of the body.
 */
export function readReport (bytes: Buffer): ReportedSecret[] {
  const entries = parsed(bytes)
  if (!Array.isArray(entries)) throw new LeakReportMalformedError('the body must be a JSON array of { token, type, url, source }')
  if (entries.length > MOST_ENTRIES) throw new LeakReportMalformedError(`the body must have ${MOST_ENTRIES} entries at most, not ${entries.length}`)
  return entries.map(entry => Object(entry) as Record<string, unknown>).filter(({ token }) => textOf(token) !== '').map(({ token, type, url, source }) => ({
    token: textOf(token), type: textOf(type), url: textOf(url), source: textOf(source)
  }))
}

/** GitHub says that there may be many, but not how many. */
const MOST_ENTRIES = 10_000

function parsed (bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    // Without the error of JSON.parse, which quotes the text, and with it perhaps a key.
    return undefined
  }
}

function textOf (value: unknown): string {
  return typeof value === 'string' ? value : ''
}
