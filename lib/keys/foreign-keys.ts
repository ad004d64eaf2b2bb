import { fingerprintOf } from './digest.js'
import { DIGEST_FORMS, readDigest } from './digest-text.js'

/**
 * The shape of keys that another system has made, and whose digests were imported. What has it may reach the store, and is
 * never shown to `authenticateUser`.
 */
export interface ForeignKeyShape {
  /**
   * Matches such keys, and nothing that is no key. It must match the whole of it, as if it stood between `^` and `$`; the
   * flags `g` and `y` mean nothing. Keys have visible ASCII characters alone, 1024 at most. Strangers choose what it is
   * given, so it should take linear time.
   */
  readonly match: RegExp
  /**
   * The SHA-256 digest under which such a key was imported, in hexadecimal, base64url or base64. Default: that of the whole
   * key. A key for which it throws, or answers anything else, is refused.
   */
  readonly digest?: (key: string) => string
}

/** Knows the keys of other systems by their shapes. The first shape that matches counts. */
export class ForeignKeys {
  readonly #shapes: readonly ForeignKeyShape[]
  readonly #failed: (fault: string) => void

  /** @param failed is told which `digest` is wrong, and never what it was given or has answered. */
  constructor (shapes: readonly ForeignKeyShape[], failed: (fault: string) => void) {
    this.#shapes = shapes.map(({ match, digest }) => ({ match: wholly(match), ...digest !== undefined && { digest } }))
    this.#failed = failed
  }

  matches (credential: string): boolean {
    return this.#indexOf(credential) !== -1
  }

  /** SHA-256 in lower-case hexadecimal, as `fingerprintOf` has it of our own keys; `null` if the credential is no such key. */
  fingerprintOf (credential: string): string | null {
    const index = this.#indexOf(credential)
    if (index === -1) return null
    const { digest } = this.#shapes[index]!
    return digest === undefined ? fingerprintOf(credential) : this.#ask(digest, credential, `foreignKeys[${index}].digest`)
  }

  #indexOf (credential: string): number {
    if (this.#shapes.length === 0 || credential.length > LONGEST || !/^[\x21-\x7E]+$/.test(credential)) return -1
    return this.#shapes.findIndex(({ match }) => match.test(credential))
  }

  #ask (digest: (key: string) => string, key: string, name: string): string | null {
    let answer: unknown
    try {
      answer = digest(key)
    } catch {
      // What was thrown may show the key.
      this.#failed(`${name} threw an error`)
      return null
    }
    const read = readDigest(answer)
    // A key that passes for its own digest would let in whoever has seen the store it comes from.
    if (read !== undefined && read !== readDigest(key)) return read
    this.#failed(`${name} must answer ${DIGEST_FORMS}, at once, and not the key itself`)
    // A rejection that nobody takes ends the process.
    Promise.resolve(answer).catch(() => {})
    return null
  }
}

const LONGEST = 1024

function wholly ({ source, flags }: RegExp): RegExp {
  return new RegExp(`^(?:${source})$`, flags.replace(/[gy]/g, ''))
}
