// For programs that work on the store of an app from outside, such as the command line: to write to the memory of a process
// that is about to end, or to a file that was not there before, is hardly what anybody meant.

/** In a file, or in the memory of this process. */
export type Whereabouts = { readonly file: string } | 'memory'

/** Registered, for an app may have loaded this package twice, as ES modules and as CommonJS. */
const WHEREABOUTS = Symbol.for('fastify-api-key-scopes.whereabouts')

/** @param place `undefined`: it cannot be told. */
export function keptIn<Store extends object> (place: Whereabouts | undefined, store: Store): Store {
  return Object.defineProperty(store, WHEREABOUTS, { value: place })
}

/** Where a store keeps its records, if that can be told. */
export function whereaboutsOf (store: object): Whereabouts | undefined {
  return (store as { [WHEREABOUTS]?: Whereabouts })[WHEREABOUTS]
}
