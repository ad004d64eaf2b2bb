// fastify-api-key-scopes/lock: who may call what, as a file that is reviewed like source.
export { lockOf } from './reports/lock.js'
export type { Lock, LockedAccess, LockedCondition, LockedRoute, LockedScope } from './reports/lock.js'
export { lockText } from './reports/lock-text.js'
export { readLock } from './reports/lock-reading.js'
export { compareLocks } from './reports/lock-comparison.js'
export type { GrantChange, LockComparison, RouteChange, ScopeChange } from './reports/lock-comparison.js'
export type { Gain } from './reports/lock-opening.js'
export { comparisonSummary, comparisonText } from './reports/lock-comparison-text.js'
