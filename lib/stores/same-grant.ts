import type { StoredKey } from '../keys/record.js'
import type { SeenKey } from '../keys/store.js'

/** Whether a successor would be given what the key has now. */
export function isSameGrant (key: StoredKey, successor: StoredKey): boolean {
  return given(key) === given(successor)
}

function given ({ name, ownerId, scopes, metadata }: StoredKey): string {
  return JSON.stringify([name, ownerId, scopes, metadata])
}

/** Whether what a caller has decided on still holds. A revoked key is not changed any more. */
export function isAsSeen (key: StoredKey, seen: SeenKey): boolean {
  return key.revokedAt === null && seenOf(key) === seenOf(seen)
}

function seenOf ({ scopes, disabledAt }: SeenKey): string {
  return JSON.stringify([scopes, disabledAt])
}
