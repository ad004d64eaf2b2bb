export * from '../row.js'

/** The `SET` part of an update. Its values are those of `toChanges`. */
export const assignments = `name = coalesce(?, name), scopes = coalesce(?, scopes), metadata = coalesce(?, metadata),
  disabled_at = iif(?, ?, disabled_at)`
