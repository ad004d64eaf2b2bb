import type { StoredKey } from '../keys/record.js'

/** Whether a successor would be given what the key has now. */
export function isSameGrant (key: StoredKey, successor: StoredKey): boolean {
  return given(key) === given(successor)
}

function given ({ name, ownerId, scopes, metadata }: StoredKey): string {
  return JSON.stringify([name, ownerId, scopes, metadata])
}
