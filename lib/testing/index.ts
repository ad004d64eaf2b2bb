export { storeConformance } from './store-conformance.js'
export type { ConformanceCase, ConformanceOptions } from './store-conformance.js'
