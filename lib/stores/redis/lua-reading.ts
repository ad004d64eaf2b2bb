import { CHANGES_KEPT } from '../change-log.js'
import { fields } from './record.js'

/** What every script begins with. ARGV[1]: what the names of all records begin with. */
export const RECORD = `
  local FIELDS = { ${fields.map(field => `'${field}'`).join(', ')} }

  -- One of which an index tells. It may be on its way to another server of the cluster: then this is no answer at all.
  local function recordAt (digest)
    local key = ARGV[1] .. digest
    if redis.pcall('EXISTS', key) ~= 1 then error({ err = 'TRYAGAIN a record of the API key store is not here' }) end
    return key
  end

  -- nil: there is none.
  local function recordOf (ids, id)
    local digest = redis.call('HGET', ids, id)
    return digest and recordAt(digest) or nil, digest
  end

  local function all (key)
    return redis.call('HMGET', key, unpack(FIELDS))
  end
`

/** Scripts that change nothing. */
export const reading = {
  // KEYS: record
  findByDigest: 'return all(KEYS[1])',

  // KEYS: ids. ARGV: prefix, id
  get: `
    local key = recordOf(KEYS[1], ARGV[2])
    return key and all(key) or false
  `,

  // KEYS: ids. ARGV: prefix, id
  usesOf: `
    local found = {}
    local key = recordOf(KEYS[1], ARGV[2])
    local kept = key and redis.call('HGETALL', key) or {}
    for i = 1, #kept, 2 do
      if string.sub(kept[i], 1, 4) == 'use ' then
        table.insert(found, string.sub(kept[i], 5))
        table.insert(found, kept[i + 1])
      end
    end
    return found
  `,

  // KEYS: index, ids. ARGV: prefix, limit, how many to look at, createdAt and id of the place to begin after, state and at, unusedSince; empty: none.
  // Answers the records, and where to go on: createdAt and id of the last that was looked at; nothing if there are no more.
  list: `
    local limit, most = tonumber(ARGV[2]), tonumber(ARGV[3])
    local state, at, unusedSince = ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])

    -- Lua itself compares as the locale has it.
    local function isBefore (a, b)
      for i = 1, math.min(#a, #b) do
        local x, y = string.byte(a, i), string.byte(b, i)
        if x ~= y then return x < y end
      end
      return #a < #b
    end

    -- What cannot be read is a record that is refused wherever it matters, and nothing to stop a list.
    local function number (text) return tonumber(text) or 0 end

    local function stateOf (revokedAt, disabledAt, expiresAt)
      if revokedAt then return 'revoked' end
      if disabledAt then return 'disabled' end
      return expiresAt and number(expiresAt) <= at and 'expired' or 'active'
    end

    local function matches (key)
      local of = redis.call('HMGET', key, 'revokedAt', 'disabledAt', 'expiresAt', 'createdAt', 'lastUsedAt')
      if state ~= '' and stateOf(of[1], of[2], of[3]) ~= state then return false end
      return not unusedSince or (number(of[4]) < unusedSince and not (of[5] and number(of[5]) >= unusedSince))
    end

    -- The rank of the first after the place: of those that were made in the same millisecond, the first whose id comes before.
    local rank = 0
    if ARGV[4] ~= '' then
      rank = redis.call('ZCOUNT', KEYS[1], '(' .. ARGV[4], '+inf')
      local size = redis.call('ZCOUNT', KEYS[1], ARGV[4], ARGV[4])
      while size > 0 do
        local half = math.floor(size / 2)
        if isBefore(redis.call('ZREVRANGE', KEYS[1], rank + half, rank + half)[1], ARGV[5]) then
          size = half
        else
          rank, size = rank + half + 1, size - half - 1
        end
      end
    end

    local found = {}
    local seen = redis.call('ZREVRANGE', KEYS[1], rank, rank + most - 1, 'WITHSCORES')
    for i = 1, #seen, 2 do
      local key = recordOf(KEYS[2], seen[i])
      if matches(key) then table.insert(found, all(key)) end
      if #found == limit then return { found, seen[i + 1], seen[i] } end
    end
    if #seen < 2 * most then return { found } end
    return { found, seen[#seen], seen[#seen - 1] }
  `,

  // KEYS: feed, changes. ARGV: prefix, epoch and seq of the position. Answers epoch, seq and the digests; without these, if any may have changed.
  changes: `
    local feed = redis.call('HMGET', KEYS[1], 'epoch', 'seq')
    local seq = tonumber(feed[2])
    if not feed[1] or not seq then return false end
    local epoch = history and feed[1] .. '.' .. history or feed[1]
    local anything = { epoch, feed[2] }

    local known = tonumber(ARGV[3])
    if ARGV[2] ~= epoch or known > seq or seq - known > ${CHANGES_KEPT} then return anything end
    local digests = {}
    while known < seq do
      local entries = redis.call('XRANGE', KEYS[2], string.format('(%.0f-0', known), '+', 'COUNT', 100)
      if #entries == 0 or #digests > ${CHANGES_KEPT} then return anything end
      for _, entry in ipairs(entries) do
        known = known + 1
        if entry[1] ~= string.format('%.0f-0', known) or entry[2][1] == 'all' then return anything end
        for i = 2, #entry[2], 2 do table.insert(digests, entry[2][i]) end
      end
    end
    return { epoch, feed[2], digests }
  `
} as const
