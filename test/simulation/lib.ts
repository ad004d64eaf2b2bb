import type { Catalog } from '../../lib/scopes/catalog.js'

/** What is tested: the code of lib/, or a copy in which something is left out. */
export interface Lib extends
  Pick<typeof import('../../lib/keys/verifier.js'), 'KeyVerifier'>,
  Pick<typeof import('../../lib/keys/keyring.js'), 'keyring'>,
  Pick<typeof import('../../lib/keys/audit.js'), 'Auditor'>,
  Pick<typeof import('../../lib/keys/usage/notes.js'), 'NOT_NOTED'> {
  readonly catalog: Catalog
}

export const SCOPES = ['read', 'write'] as const

/** @param folder that holds `keys` and `scopes`. */
export async function loadLib (folder: string): Promise<Lib> {
  const parts = ['keys/verifier', 'keys/keyring', 'keys/audit', 'keys/usage/notes', 'scopes/catalog']
  const [verifier, keyring, audit, notes, catalog] = await Promise.all(parts.map(async part => await import(`${folder}/${part}.js`)))
  return { ...verifier, ...keyring, ...audit, ...notes, catalog: catalog.defineScopes(Object.fromEntries(SCOPES.map(name => [name, '']))) }
}
