import { ScopeDefinitionError } from '../../lib/scopes/faults.js'

/** What is wrong with a definition, as its author is told; nothing if it is sound. */
export function faultsOf (define: () => unknown): readonly string[] {
  try {
    define()
    return []
  } catch (error) {
    if (error instanceof ScopeDefinitionError) return error.faults
    throw error
  }
}
