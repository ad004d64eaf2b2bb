import crypto, { createHash, createHmac } from 'node:crypto'

/** A secret that is kept apart from the store, so that a stolen store verifies nothing. At least 32 random bytes. */
export interface Pepper {
  /** Stands in the record of each key made with it: a whole number from 1. */
  readonly version: number
  readonly secret: string | Uint8Array
}

/** Turns keys into the digests by which the store finds them. */
export interface Digester {
  /** For a new key. */
  forNewKey (fingerprint: string): { digest: string, pepperVersion: number }
  /** Those under which a key may stand in the store, likeliest first. */
  candidates (fingerprint: string): readonly string[]
  /** Whether a key whose digest was made with this pepper (0: none) can be found at all. */
  finds (pepperVersion: number): boolean
}

/** SHA-256 of an API key, in lower-case hexadecimal. Names the key within this process, and is what peppers are applied to. */
export const fingerprintOf = sha256By(crypto.hash)

/** @param oneShot Node's from 20.12 on, which takes half the time. */
export function sha256By (oneShot: typeof crypto.hash | undefined): (text: string) => string {
  return oneShot === undefined ? text => createHash('sha256').update(text).digest('hex') : text => oneShot('sha256', text, 'hex')
}

/** `peppers` newest first. With none, or with `allowUnpeppered`, plain fingerprints are tried (last). */
export function digester (peppers: readonly Pepper[], allowUnpeppered: boolean): Digester {
  const digests = peppers.map(({ secret }) => (fingerprint: string) =>
    createHmac('sha256', secret).update(fingerprint, 'hex').digest('hex'))
  const versions = peppers.map(({ version }) => version)
  if (peppers.length === 0 || allowUnpeppered) {
    digests.push(fingerprint => fingerprint)
    versions.push(0)
  }

  return {
    forNewKey: fingerprint => ({ digest: digests[0]!(fingerprint), pepperVersion: peppers[0]?.version ?? 0 }),
    candidates: fingerprint => digests.map(digest => digest(fingerprint)),
    finds: pepperVersion => versions.includes(pepperVersion)
  }
}
