import { closedError } from './errors.js'

/** What a store works with while it is open. Made by the first `open`, ended by the last `close` of all apps that use the store. */
export function sharedSession<Session> (begin: () => Promise<Session>, end: (session: Session) => unknown) {
  let users = 0
  let session: Promise<Session> | undefined

  return {
    async open (): Promise<void> {
      users++
      const opening = session ??= begin()
      try {
        await opening
      } catch (error) {
        // It may have been closed meanwhile, and opened anew.
        if (session === opening) [users, session] = [0, undefined]
        throw error
      }
    },

    async close (): Promise<void> {
      if (users === 0 || --users > 0) return
      const last = session!
      session = undefined
      // One that could not be opened was told of by `open`.
      await last.then(end, () => {})
    },

    /** Rejects with `FST_API_KEY_STORE_CLOSED` while it is not open. */
    async current (): Promise<Session> {
      const opened = await session
      if (opened === undefined) throw closedError()
      return opened
    }
  }
}
