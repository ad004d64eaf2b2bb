import { storeError } from '../errors.js'

/** The error of an `open` that failed: what is wrong, with which database, and what to do about it. Never the password. */
export function openError (place: string, cause: unknown): Error {
  return storeError('FST_API_KEY_STORE_OPEN', `Cannot open the API key store ${place}: ${explain(cause)}`, cause)
}

function explain (cause: unknown): string {
  const { code, message } = cause as { code?: unknown, message: string }
  const remedy = REMEDIES[String(code)] ?? (/time-?out|too long/i.test(message) ? REMEDIES.ETIMEDOUT : undefined)
  // Of several addresses that were tried in vain, Node tells nothing in the message.
  const said = message || (cause instanceof AggregateError ? (cause.errors as Error[]).map(({ message }) => message).join(', ') : String(code))
  return remedy === undefined ? said : `${remedy} (${said})`
}

const UNTRUSTED = 'its certificate is by nobody whom this process trusts; name the authority in the connection string: sslrootcert=/path/ca.pem'

const REMEDIES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing answers there; start the server, or correct the host and the port',
  ENOENT: 'nothing answers there; start the server, or correct the path of its socket',
  ENOTFOUND: 'its host is not known; correct the name',
  EAI_AGAIN: 'its host cannot be looked up; correct the name, or the name service of this machine',
  EHOSTUNREACH: 'its host cannot be reached; correct it, or the network',
  ETIMEDOUT: 'it does not answer in time; look whether it is reachable and not overloaded',
  28000: 'it refuses this user; correct the user, or pg_hba.conf of the server',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host; connect to the name that is in it',
  '28P01': 'it refuses this user or password; correct them',
  '3D000': 'there is no such database; create it, or correct its name',
  '3F000': 'there is no such schema; create it, or correct its name',
  42501: 'the role lacks a right; grant it, or bring the tables up to date with a role that has it: api-key-scopes migrate',
  '08P01': 'it does not understand what this process says; behind a pooler, set transactionPooler: true',
  53300: 'it has too many connections; raise max_connections, or put a pooler between',
  '57P03': 'it is starting or stopping; try again'
}
