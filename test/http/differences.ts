import { isDeepStrictEqual } from 'node:util'

/** Where what was found is not what was wanted. */
export interface Difference { readonly what: string, readonly found: unknown, readonly wanted: unknown }

/** For what is compared a thousand times: `t.strictSame(different, [])` says it of all, and costs what one assertion costs. */
export function differences () {
  const different: Difference[] = []
  return {
    different,
    compare (found: unknown, wanted: unknown, what: string): void {
      if (!isDeepStrictEqual(found, wanted)) different.push({ what, found, wanted })
    }
  }
}
