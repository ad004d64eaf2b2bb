import { verify, type KeyObject } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { LeakReportUnverifiedError } from './errors.js'
import type { GitHubKeys } from './github-keys.js'

/** A signature over bytes that are still to come: ECDSA with SHA-256 on the curve P-256. */
export interface ExpectedSignature {
  readonly key: KeyObject
  /** In DER. */
  readonly signature: Buffer
}

/**
 * Reads who has signed, as far as the headers tell.
 *
 * @throws {LeakReportUnverifiedError} saying what is wrong, and {GitHubKeysUnavailableError}.
 */
export async function readSignature (headers: IncomingHttpHeaders, keys: GitHubKeys): Promise<ExpectedSignature> {
  const identifier = headers[IDENTIFIER]
  const signature = headers[SIGNATURE]
  if (typeof identifier !== 'string' || typeof signature !== 'string') {
    throw new LeakReportUnverifiedError(`the headers ${IDENTIFIER} and ${SIGNATURE} are needed`)
  }
  if (!BASE64.test(signature)) throw new LeakReportUnverifiedError(`${SIGNATURE} must be one signature in base64`)
  const key = await keys.find(identifier)
  if (key === null) throw new LeakReportUnverifiedError(`${IDENTIFIER} names no key of GitHub`)
  return { key, signature: Buffer.from(signature, 'base64') }
}

/** @throws {LeakReportUnverifiedError} unless these are the bytes that were signed. */
export function checkSignature ({ key, signature }: ExpectedSignature, bytes: Uint8Array): void {
  if (!verify('sha256', bytes, { key, dsaEncoding: 'der' }, signature)) {
    throw new LeakReportUnverifiedError('the signature does not fit the body')
  }
}

const IDENTIFIER = 'github-public-key-identifier'
const SIGNATURE = 'github-public-key-signature'

/** Node joins a header that came twice with a comma, which is no base64. */
const BASE64 = /^[0-9A-Za-z+/]{4,200}={0,2}$/
