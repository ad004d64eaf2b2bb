import { createHash } from 'node:crypto'
import { reading, RECORD } from './lua-reading.js'
import { writing } from './lua-writing.js'

/** A Lua script, and the digest by which a server knows it. */
export interface Script { readonly text: string, readonly sha: string }

export type Scripts = ReturnType<typeof scripts>

/**
 * Everything that is done with the data, each in one step.
 *
 * @param asksInfo whether scripts may ask the server what it is. Otherwise those that read are given out as writing, for such
 * a script is refused by a replica itself.
 */
export function scripts (asksInfo: boolean) {
  const read = asksInfo ? (body: string) => script('no-writes', MASTER_BY_INFO + RECORD + body) : (body: string) => script('allow-oom', UNKNOWN_MASTER + RECORD + body)
  // What takes rights away, or makes room, works though the memory is full.
  const write = (body: string) => script('allow-oom', RECORD + body)
  const writeMore = (body: string) => script('', RECORD + body)

  return {
    time: read("return redis.call('TIME')"),
    findByDigest: read(reading.findByDigest),
    get: read(reading.get),
    list: read(reading.list),
    usesOf: read(reading.usesOf),
    changes: read(reading.changes),
    insert: writeMore(writing.insert),
    rotate: writeMore(writing.rotate),
    recordUse: writeMore(writing.recordUse),
    update: write(writing.update),
    revoke: write(writing.revoke),
    revokeOwner: write(writing.revokeOwner),
    purge: write(writing.purge),
    begin: write(writing.begin),
    bumpEpoch: write(writing.bumpEpoch)
  }
}

/** What a server tells of itself; nothing where INFO is not offered. Runs on any version, and on replicas. */
export const infoScript = withSha(`
  local text = ''
  for _, section in ipairs({ 'server', 'replication', 'memory', 'persistence', 'cluster' }) do
    local part = redis.pcall('INFO', section)
    if type(part) == 'table' then return false end
    text = text .. part
  end
  return text`)

/** A replica, or a master that has lost all the replicas that it was told to have, may not know of what others were told. */
const MASTER_BY_INFO = `
  local info = redis.call('INFO', 'replication')
  if not string.find(info, 'role:master', 1, true) then
    return redis.error_reply('READONLY the API key store does not believe a replica')
  end
  if string.find(info, 'min_slaves_good_slaves:0', 1, true) then
    return redis.error_reply('NOREPLICAS the API key store does not believe a master without the replicas that it should have')
  end
  local history = string.match(info, 'master_replid:(%w+)')
`

const UNKNOWN_MASTER = `
  local history = nil
`

function script (flags: string, body: string): Script {
  return withSha(`#!lua flags=${flags}\n${body}`)
}

function withSha (text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}
