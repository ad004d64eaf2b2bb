import type { Changes, Position } from '../../keys/store.js'
import { changesSince } from '../change-log.js'
import { fromText } from '../row.js'
import type { Session } from './session.js'

/** What has changed, and how far that goes. The name of the epoch has in it the server's own name for its history, as far as it tells. */
export async function readChanges ({ read, change, keys, scripts }: Session, since: Position | null): Promise<Changes> {
  const feed = [keys.feed, keys.changes]
  const look = async () => await read(scripts.changes, feed, since?.epoch ?? '', String(since?.seq ?? 0)) as Answer
  let answer = await look()
  if (answer === null) {
    // The feed is lost, and who knows what else: a new one begins, of another epoch.
    await change(scripts.begin, feed)
    answer = await look()
  }
  if (answer === null) throw new Error('The feed of the API key store in Redis is lost as soon as it is begun')
  const [epoch, seq, digests] = answer
  return changesSince(since, { epoch, seq: Number(seq) }, digests?.map(fromText) ?? [null])
}

type Answer = readonly [epoch: string, seq: string, digests?: readonly string[]] | null
