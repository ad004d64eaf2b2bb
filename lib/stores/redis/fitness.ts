/** What is known of a server: the fields of INFO. */
export type ServerInfo = ReadonlyMap<string, string>

export function readInfo (text: string): ServerInfo {
  return new Map([...text.matchAll(/^([a-z0-9_]+):(.*?)\r?$/gm)].map(([, name, value]) => [name!, value!]))
}

/** Why keys must not be kept in this server, with the remedy; `undefined`: they may. */
export function whyUnfit (info: ServerInfo | undefined, allowDataLoss: boolean): string | undefined {
  const never = info && unusable(info)
  if (never !== undefined || allowDataLoss) return never
  const why = info === undefined
    ? 'it does not let this user run INFO in a script, so nobody knows whether it keeps what it acknowledges; grant +info'
    : forgetful(info)
  return why && `${why}; or accept that acknowledged revocations may be lost, with allowDataLoss: true`
}

function unusable (info: ServerInfo): string | undefined {
  const version = info.get('redis_version') ?? ''
  if (Number.parseInt(version) < 7) return `it is Redis ${version}; Redis 7.0 or later is needed, or Valkey`
  if (info.get('role') !== 'master') {
    return `it is a replica of ${info.get('master_host')}:${info.get('master_port')}; give the address of the master`
  }
  return undefined
}

function forgetful (info: ServerInfo): string | undefined {
  const policy = info.get('maxmemory_policy')
  if (policy === undefined) return 'it does not tell whether it evicts keys'
  if (info.get('maxmemory') !== '0' && policy.startsWith('allkeys-')) {
    return `it evicts keys when its memory is full (maxmemory-policy ${policy}); set maxmemory-policy noeviction`
  }
  if (info.get('aof_enabled') !== '1') return 'it does not keep what it acknowledges (appendonly no); set appendonly yes'
  return undefined
}
