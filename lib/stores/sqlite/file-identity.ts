import { statSync } from 'node:fs'

/**
 * Remembers which file is at a path, and tells later whether it still is. An open database goes on working when its
 * file is removed, or replaced by a restored backup; but then nobody else sees what is written, nor the other way round.
 */
export function sameFile (path: string): () => boolean {
  const { dev, ino } = statSync(path)

  return () => {
    const now = statSync(path, { throwIfNoEntry: false })
    return now !== undefined && now.dev === dev && now.ino === ino
  }
}
