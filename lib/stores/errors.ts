/** `_OPEN`: it could not be opened. `_CLOSED`: it was used while not open. `_REPLACED`: its file is no longer the one that was opened. */
export type StoreErrorCode = 'FST_API_KEY_STORE_OPEN' | 'FST_API_KEY_STORE_CLOSED' | 'FST_API_KEY_STORE_REPLACED'

export function storeError (code: StoreErrorCode, message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code })
}

export function closedError (): Error {
  return storeError('FST_API_KEY_STORE_CLOSED', 'The API key store is not open: await store.open() first')
}
