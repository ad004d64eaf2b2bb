import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { didYouMean, show } from '../scopes/faults.js'
import type { Awaitable } from '../keys/store.js'
import { BadOptionsError, LeakReportUnfinishedError } from './errors.js'
import { GitHubKeys } from './github-keys.js'
import { checkSignature, readSignature, type ExpectedSignature } from './github-signature.js'
import { readReport } from './leak-report.js'
import { inBatches, respondTo, type Leak } from './leak-response.js'

export { secretScanningPattern } from '../keys/leaked-pattern.js'
export type { Leak }

export interface SecretScanningOptions {
  /** The path of the route, below the prefix if there is one. Default `/secret-scanning/github`. */
  readonly url?: string
  /** Where GitHub publishes the keys with which it signs. Redirects are not followed. Default: where GitHub says. */
  readonly keysUrl?: string
  /** A token for GitHub's API, without any rights, so that the keys can be read more often than 60 times an hour. Default: none. */
  readonly token?: string
  /**
   * Told of each place where a key was found that is revoked for it, once all of them are revoked, to tell the owner of the
   * key. It is waited for before GitHub is answered, which gives up after 30 seconds. That it throws is logged, and changes
   * nothing. It is not told again of keys that were revoked already.
   */
  readonly onLeak?: (leak: Leak) => Awaitable<void>
}

/**
 * The route that GitHub calls when it has found API keys in public (its secret scanning partner program): checks GitHub's
 * signature, revokes the keys, and answers which of what was found are keys. Register it after fastify-api-key-scopes, with a
 * `prefix` if you like.
 *
 * It answers 400 FST_API_KEY_LEAK_REPORT_UNVERIFIED or FST_API_KEY_LEAK_REPORT_MALFORMED, and changes nothing; 503
 * FST_API_KEY_GITHUB_KEYS_UNAVAILABLE if it cannot check the signature, and 503 FST_API_KEY_LEAK_REPORT_UNFINISHED if some key
 * could not be revoked: the report must be sent again.
 *
 * @throws FST_API_KEY_BAD_OPTIONS naming every option that is wrong, or if fastify-api-key-scopes is not there.
 */
export async function secretScanning (app: FastifyInstance, options: SecretScanningOptions): Promise<void> {
  if (!app.hasDecorator('apiKeys')) {
    throw new BadOptionsError('register fastify-api-key-scopes before fastify-api-key-scopes/secret-scanning')
  }
  const { url, keysUrl, token, onLeak } = readOptions(options)
  const keys = new GitHubKeys({ url: keysUrl, token, log: app.log })
  const signatures = new WeakMap<FastifyRequest, ExpectedSignature>()

  // Those of the app are not touched: a plugin has its own.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => { done(null, new SealedBody(body as Buffer)) })

  app.post(url, {
    config: { public: true },
    bodyLimit: BODY_LIMIT,
    // Before the body is read.
    onRequest: async request => { signatures.set(request, await readSignature(request.headers, keys)) },
    onError: async (_request, reply, error) => {
      if (error.statusCode === 503) reply.header('retry-after', RETRY_AFTER)
    }
  }, async (request, reply) => {
    const bytes = SealedBody.open(request.body)
    checkSignature(signatures.get(request)!, bytes)
    const report = readReport(bytes)
    const { known, leaks, failures } = await respondTo(report, app.apiKeys, request)
    request.log.info({ leaks: { reported: report.length, known: known.size, failed: failures.length } }, 'GitHub reported leaked API keys')
    await inBatches(leaks, async leak => { await tell(leak, request) })
    if (failures.length > 0) throw new LeakReportUnfinishedError({ cause: failures[0] })

    reply.header('cache-control', 'no-store')
    return report.map(({ token, type }) => ({
      token_hash: createHash('sha256').update(token).digest('hex'),
      token_type: type,
      label: known.has(token) ? 'true_positive' : 'false_positive'
    }))
  })

  async function tell (leak: Leak, request: FastifyRequest): Promise<void> {
    try {
      await onLeak?.(leak)
    } catch (error) {
      request.log.error({ err: error, keyId: leak.record.id }, 'onLeak failed; the key is revoked all the same')
    }
  }
}

export default secretScanning

/** Some ten thousand secrets. */
const BODY_LIMIT = 4 * 1024 * 1024

/** In seconds, for 503. */
const RETRY_AFTER = '60'

/** A body with keys in it, which shows none of them to whoever logs `request.body`. */
class SealedBody {
  readonly #bytes: Buffer

  constructor (bytes: Buffer) {
    this.#bytes = bytes
  }

  /** A request without a body has no sealed one. */
  static open (body: unknown): Buffer {
    return body instanceof SealedBody ? body.#bytes : Buffer.alloc(0)
  }
}

function readOptions (options: SecretScanningOptions) {
  const { url = '/secret-scanning/github', keysUrl = 'https://api.github.com/meta/public_keys/secret_scanning', token, onLeak, ...rest } = options
  const faults = Object.keys(rest).filter(name => !FASTIFY_OPTIONS.includes(name)).map(name => `unknown option ${show(name)}${didYouMean(name, OPTIONS)}`)
  if (typeof url !== 'string' || !url.startsWith('/')) faults.push(`url must be a path that begins with "/", not ${show(url)}`)
  if (!isHttpUrl(keysUrl)) faults.push('keysUrl must be an http or https URL without user name and password')
  if ('token' in options && token === undefined) faults.push('token is undefined: is an environment variable not set? Leave it out to have none')
  // Not shown as it is: it is a secret.
  else if (token !== undefined && (typeof token !== 'string' || !/^[\x21-\x7E]+$/.test(token))) faults.push('token must be a string without spaces and control characters')
  if (onLeak !== undefined && typeof onLeak !== 'function') faults.push(`onLeak must be a function, not ${show(onLeak)}`)
  if (faults.length > 0) throw new BadOptionsError(faults.join('; '))
  return { url, keysUrl, token, onLeak }
}

const OPTIONS = ['url', 'keysUrl', 'token', 'onLeak']

/** What `register` itself reads from the options of a plugin. */
const FASTIFY_OPTIONS = ['prefix', 'logLevel', 'logSerializers']

function isHttpUrl (value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false
  const { protocol, username, password } = new URL(value)
  return /^https?:$/.test(protocol) && username + password === ''
}
