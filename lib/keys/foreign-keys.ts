/** The shape of keys that another system has made, and whose digests were imported. */
export interface ForeignKeyShape {
  /** Matches such keys, and nothing that is no key: what matches may reach the store, and is never shown to `authenticateUser`. */
  readonly match: RegExp
  /** The SHA-256 digest under which such a key was imported, in hex or base64url. Default: that of the whole key. */
  readonly digest?: (key: string) => string
}
