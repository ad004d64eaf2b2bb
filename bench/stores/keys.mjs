// The keys of the benchmark: any number, each always the same, so that nobody has to keep them.
import { createHash } from 'node:crypto'

const DAY = 86_400_000

/** When all this happens, as far as the records tell. */
export const NOW = Date.UTC(2026, 0, 1)

/** Keys that ended before this are purged: one in a hundred. */
export const PURGED_BEFORE = new Date(NOW - 365 * DAY)

/** This owner has one key in a thousand; the others have ten or so each. */
export const BUSY_OWNER = 'user-busy'

/** Made over three years, in the order of their numbers. One in a hundred expired long ago, one was revoked lately, and four of five were used. */
export function keyNumber (i, keys) {
  const hash = createHash('sha512').update(`key ${i}`).digest()
  const hex = hash.toString('hex')
  return {
    id: `${hex.slice(64, 72)}-${hex.slice(72, 76)}-4${hex.slice(77, 80)}-a${hex.slice(81, 84)}-${hex.slice(84, 96)}`,
    digest: hex.slice(0, 64),
    name: `deploy-${i % 100}`,
    ownerId: i % 1000 === 0 ? BUSY_OWNER : `user-${hash.readUInt32LE(48) % Math.ceil(keys / 10)}`,
    start: `acme_${hex.slice(96, 100)}`,
    scopes: i % 3 === 0 ? ['full'] : ['clusters:read', 'apps:deploy'],
    createdAt: new Date(Math.floor(NOW - 3 * 365 * DAY * (1 - i / keys))),
    expiresAt: i % 100 === 1 ? new Date(NOW - 400 * DAY) : i % 10 === 3 ? new Date(NOW + 400 * DAY) : null,
    revokedAt: i % 100 === 2 ? new Date(NOW - 10 * DAY) : null,
    revokedReason: i % 100 === 2 ? 'no longer needed' : null,
    disabledAt: null,
    lastUsedAt: i % 5 === 4 ? null : new Date(NOW - hash.readUInt16LE(52) * 1000),
    metadata: i % 20 === 0 ? { team: `team-${i % 50}`, ticket: 'OPS-1234' } : {},
    rotatedFrom: null,
    pepperVersion: 0
  }
}

/** Numbers of keys that are neither revoked nor expired, all over the place and each once. */
export function * liveKeys (keys, seed) {
  const step = stepFor(keys)
  for (let i = seed % keys; ; i = (i + step) % keys) {
    if (i % 100 !== 1 && i % 100 !== 2) yield i
  }
}

/** A stride that comes by every number before it comes by one again. */
function stepFor (keys) {
  let step = Math.floor(keys * 0.618) | 1
  while (commonDivisor(step, keys) > 1) step += 2
  return step
}

function commonDivisor (a, b) {
  return b === 0 ? a : commonDivisor(b, a % b)
}
