// The data. All keys of a store begin with its prefix, whose hash tag puts them into one slot of a cluster.
//
//   <prefix>:feed          hash    epoch, seq (how many changes there were), version (of this layout)
//   <prefix>:changes       stream  one entry for each change, <seq>-0: the digests that it concerns, or `all`; the last 10,000
//   <prefix>:key:<digest>  hash    a record, each field one; null is left out, dates are milliseconds. And when each demand was last met: `use <demand>`
//   <prefix>:ids           hash    id -> digest
//   <prefix>:created       zset    ids by creation
//   <prefix>:owner:<owner> zset    the same, of one owner; <prefix>:nobody of those that have none
//   <prefix>:ends          zset    ids by the time when they were revoked or expire, whichever is first; `inf`: never
//   <prefix>:successors    hash    id -> how many records there are whose rotatedFrom it is
//
// While a slot moves from one server of a cluster to another, each key is at one or the other. The servers see to the keys that a
// script declares: they redirect it, or have it try again. So whatever may rightly be missing is declared. Of all others, the
// records that an index tells of, a missing one is an error and never an answer.
import type { StoredKey } from '../../keys/record.js'
import { toText } from '../row.js'

export type Keys = ReturnType<typeof keysOf>

/** The names of all that a store keeps. */
export function keysOf (prefix: string) {
  const feed = `${prefix}:feed`
  const changes = `${prefix}:changes`
  const ids = `${prefix}:ids`
  const created = `${prefix}:created`
  const ends = `${prefix}:ends`
  const successors = `${prefix}:successors`
  const nobody = `${prefix}:nobody`
  const records = `${prefix}:key:`
  const owners = `${prefix}:owner:`

  const forChanging = [feed, changes, ids, ends]
  const forPurging = [...forChanging, created, successors]
  const record = (digest: string) => records + toText(digest)
  const owner = (ownerId: string | null) => ownerId === null ? nobody : owners + toText(ownerId)

  return {
    feed,
    changes,
    ids,
    created,
    nobody,
    records,
    owners,
    record,
    owner,
    forChanging,
    forPurging,
    forAdding: (key: StoredKey) => [...forPurging, record(key.digest), owner(key.ownerId)]
  }
}
