import { CHANGES_KEPT, MOST_AT_ONCE } from '../change-log.js'

/**
 * `note` moves the position on, before anything else is written: should that fail, nothing has changed. `begin` begins an epoch.
 * KEYS: feed, changes, and as many as the script needs of: ids, ends, created or that of an owner, successors, record, owner.
 * ARGV: prefix, name of the epoch that begins if the feed was lost, and the time of the server, in milliseconds, from which on
 * nobody waits for this any more.
 */
export const FEED = `
  -- What was kept for others is worth nothing without the feed: they must not take a new count for the old one.
  local function begin (seq)
    redis.call('DEL', KEYS[2])
    redis.call('XADD', KEYS[2], string.format('%.0f-0', seq), 'all', '')
    redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'seq', string.format('%.0f', seq), 'version', '1')
  end

  local function position ()
    local feed = redis.call('HMGET', KEYS[1], 'epoch', 'seq')
    return feed[1] and tonumber(feed[2]) or nil
  end

  local SIZES = { 'HLEN', 'XLEN', 'HLEN', 'ZCARD', 'ZCARD', 'HLEN', 'HLEN', 'ZCARD' }

  local function note (digests)
    local now = redis.call('TIME')
    if now[1] * 1000 + now[2] / 1000 > tonumber(ARGV[3]) then
      error({ err = 'TIMEOUT the API key store was told to change something, and too late' })
    end
    -- If somebody else has put something there, it is found out now, and not in the middle.
    for i, key in ipairs(KEYS) do redis.call(SIZES[i], key) end
    local seq = position()
    if not seq then return begin(1) end
    local entry = {}
    for _, digest in ipairs(digests) do
      table.insert(entry, 'd')
      table.insert(entry, digest)
    end
    if #digests == 0 or #digests > ${MOST_AT_ONCE} then entry = { 'all', '' } end
    redis.call('XADD', KEYS[2], 'MAXLEN', '=', ${CHANGES_KEPT}, string.format('%.0f-0', seq + 1), unpack(entry))
    redis.call('HSET', KEYS[1], 'seq', string.format('%.0f', seq + 1))
  end
`
