/** Those in this process who want to hear of changes. */
export interface Watchers {
  /** Answers what ends it. */
  add (hint: () => void): () => Promise<void>
  /** Tells all. */
  hint (): void
  /** Whoever still watches hears no more. */
  end (): Promise<void>
}

/** @param listen Begins to hear of changes of other processes, for as long as anybody watches. Answers what ends it. */
export function watchersBy (listen: (hint: () => void) => () => Promise<void>): Watchers {
  const watchers = new Set<() => void>()
  let endListening: (() => Promise<void>) | undefined

  return {
    add (hint) {
      // Several may watch with the same function, and each ends its own.
      const own = () => { hint() }
      watchers.add(own)
      endListening ??= listen(hintAll)
      return async () => {
        watchers.delete(own)
        if (watchers.size === 0) await end()
      }
    },
    hint: hintAll,
    async end () {
      watchers.clear()
      await end()
    }
  }

  function hintAll (): void {
    for (const watcher of watchers) watcher()
  }

  async function end (): Promise<void> {
    const ending = endListening
    endListening = undefined
    await ending?.()
  }
}
