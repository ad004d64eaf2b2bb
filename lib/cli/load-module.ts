import { pathToFileURL } from 'node:url'
import type * as Jiti from 'jiti'

/**
 * Loads a module of the user's, in JavaScript or TypeScript. From 22.18 and 23.6 on Node takes the types out of TypeScript and
 * changes nothing else: an enum, or an import of './scopes.js' where there is a scopes.ts, is for jiti, if that is installed.
 */
export async function loadModule (path: string): Promise<unknown> {
  if (!/\.[cm]?ts$/.test(path)) return await loadedByNode(path)
  if (!stripsTypes()) return await loadedByJiti(path, new Error(`this Node cannot load TypeScript; ${INSTALL}, use Node 22.18 or later, or write it in JavaScript`))
  try {
    return await loadedByNode(path)
  } catch (error) {
    return await loadedByJiti(path, isForJiti(error) ? new Error(`${(error as Error).message}; jiti can load more of TypeScript than Node does: ${INSTALL}`, { cause: error }) : error)
  }
}

const INSTALL = 'npm install --save-dev jiti@2'

async function loadedByNode (path: string): Promise<unknown> {
  return await import(pathToFileURL(path).href)
}

/** @throws what `otherwise` is, where it is not installed. */
async function loadedByJiti (path: string, otherwise: unknown): Promise<unknown> {
  const { createJiti } = await import('jiti').catch(() => ({})) as Partial<typeof Jiti>
  if (createJiti === undefined) throw otherwise
  // What it makes of a file is not to be left on the disk: there may be a pepper in it.
  return await createJiti(import.meta.url, { fsCache: false }).import(path)
}

function stripsTypes (): boolean {
  return Boolean((process.features as { typescript?: unknown }).typescript)
}

function isForJiti (error: unknown): boolean {
  return error instanceof SyntaxError || /TYPESCRIPT|MODULE_NOT_FOUND/.test((error as NodeJS.ErrnoException).code ?? '')
}
