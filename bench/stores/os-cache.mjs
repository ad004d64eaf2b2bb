import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Makes the operating system forget what it has read of these files, and of nobody else's, so that they come from the disk
 * again. Answers whether it can: GNU `dd` asks Linux for it (`posix_fadvise`).
 */
export function dropCacheOf (folder) {
  try {
    execFileSync('sync')
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    for (const { parentPath, name } of files) {
      execFileSync('dd', [`if=${join(parentPath, name)}`, 'iflag=nocache', 'count=0', 'status=none'])
    }
    return true
  } catch {
    return false
  }
}
