import { FEED } from './lua-feed.js'

/**
 * KEYS: feed, changes, ids, ends, created, successors, record, owner.
 * ARGV: prefix, epoch, end, id, digest, createdAt, when it ends, whether it succeeds another, and which, how many words more there are of the
 * record, and these: each field and its value
 */
const ADD = `
  local function taken ()
    if redis.call('HEXISTS', KEYS[3], ARGV[4]) == 1 then return 'id' end
    if redis.call('EXISTS', KEYS[7]) == 1 then return 'digest' end
    return nil
  end

  local words = tonumber(ARGV[10])

  local function add ()
    redis.call('HSET', KEYS[7], unpack(ARGV, 11, 10 + words))
    redis.call('HSET', KEYS[3], ARGV[4], ARGV[5])
    redis.call('ZADD', KEYS[4], ARGV[7], ARGV[4])
    redis.call('ZADD', KEYS[5], ARGV[6], ARGV[4])
    redis.call('ZADD', KEYS[8], ARGV[6], ARGV[4])
    if ARGV[8] == '1' then redis.call('HINCRBY', KEYS[6], ARGV[9], 1) end
  end
`

/** Scripts that change something. */
export const writing = {
  // KEYS: feed, changes. Answers which version of the data this is.
  begin: `${FEED}
    if not position() then begin(1) end
    return redis.call('HGET', KEYS[1], 'version')
  `,

  // KEYS: feed, changes
  bumpEpoch: `${FEED}
    begin((position() or 0) + 1)
  `,

  // Answers what was taken, if anything.
  insert: `${FEED}${ADD}
    local what = taken()
    if what then return what end
    note({ ARGV[5] })
    add()
    return ''
  `,

  // ARGV also: id and new end of the predecessor, after the words of the successor. Answers what was taken, or the record.
  rotate: `${FEED}${ADD}
    local id, endsAt = ARGV[11 + words], ARGV[12 + words]
    local key, digest = recordOf(KEYS[3], id)
    if not key or redis.call('HEXISTS', KEYS[6], id) == 1 then return false end
    local given = {}
    for i = 11, 9 + words, 2 do given[ARGV[i]] = ARGV[i + 1] end
    local old = redis.call('HMGET', key, 'revokedAt', 'disabledAt', 'expiresAt', 'name', 'ownerId', 'scopes', 'metadata')
    if old[1] or old[2] or old[4] ~= given.name or (old[5] or nil) ~= given.ownerId then return false end
    if old[6] ~= given.scopes or old[7] ~= given.metadata then return false end
    local what = taken()
    if what then return what end
    note({ digest, ARGV[5] })
    if not old[3] or tonumber(endsAt) < tonumber(old[3]) then redis.call('HSET', key, 'expiresAt', endsAt) end
    redis.call('ZADD', KEYS[4], 'LT', endsAt, id)
    add()
    return all(key)
  `,

  // KEYS: feed, changes, ids. ARGV: prefix, epoch, end, id, whether it was seen, and with which scopes and disabledAt; then each field
  // and its value. Without a value: disabledAt is taken away.
  update: `${FEED}
    local key, digest = recordOf(KEYS[3], ARGV[4])
    if not key then return false end
    if ARGV[5] == '1' then
      local now = redis.call('HMGET', key, 'revokedAt', 'scopes', 'disabledAt')
      if now[1] or now[2] ~= ARGV[6] or (now[3] or '') ~= ARGV[7] then return false end
    end
    note({ digest })
    for i = 8, #ARGV, 2 do
      if ARGV[i] == 'disabledAt' and ARGV[i + 1] == '' then
        redis.call('HDEL', key, ARGV[i])
      else
        redis.call('HSET', key, ARGV[i], ARGV[i + 1])
      end
    end
    return all(key)
  `,

  // KEYS: feed, changes, ids, ends. ARGV: prefix, epoch, end, id, at, and the reason, if there is one
  revoke: `${FEED}
    local key, digest = recordOf(KEYS[3], ARGV[4])
    if not key then return false end
    if redis.call('HEXISTS', key, 'revokedAt') == 0 then
      note({ digest })
      redis.call('HSET', key, 'revokedAt', ARGV[5])
      redis.call('HDEL', key, 'revokedReason')
      if ARGV[6] then redis.call('HSET', key, 'revokedReason', ARGV[6]) end
      redis.call('ZADD', KEYS[4], 'LT', ARGV[5], ARGV[4])
    end
    return all(key)
  `,

  // KEYS: feed, changes, ids, ends, owner. ARGV: prefix, epoch, end, at, and the reason, if there is one
  revokeOwner: `${FEED}
    local keys, digests, ids = {}, {}, {}
    for _, id in ipairs(redis.call('ZRANGE', KEYS[5], 0, -1)) do
      local key, digest = recordOf(KEYS[3], id)
      if redis.call('HEXISTS', key, 'revokedAt') == 0 then
        table.insert(keys, key)
        table.insert(digests, digest)
        table.insert(ids, id)
      end
    end
    if #keys == 0 then return {} end
    note(digests)
    local revoked = {}
    for i, key in ipairs(keys) do
      redis.call('HSET', key, 'revokedAt', ARGV[4])
      redis.call('HDEL', key, 'revokedReason')
      if ARGV[5] then redis.call('HSET', key, 'revokedReason', ARGV[5]) end
      redis.call('ZADD', KEYS[4], 'LT', ARGV[4], ids[i])
      table.insert(revoked, all(key))
    end
    return revoked
  `,

  // KEYS: feed, changes, ids, ends, created, successors. ARGV: prefix, epoch, end, before, at most how many,
  // what the names of the indexes of owners begin with, and the index of those that have none. Answers how many.
  purge: `${FEED}
    local gone = {}
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', '(' .. ARGV[4], 'LIMIT', 0, ARGV[5])) do
      local key, digest = recordOf(KEYS[3], id)
      local of = redis.call('HMGET', key, 'ownerId', 'rotatedFrom')
      local index = of[1] and ARGV[6] .. of[1] or ARGV[7]
      if (tonumber(redis.pcall('ZCARD', index)) or 0) < 1 then error({ err = 'TRYAGAIN an index of the API key store is not here' }) end
      table.insert(gone, { id = id, key = key, index = index, rotatedFrom = of[2] })
    end
    if #gone == 0 then return 0 end
    note({})
    for _, record in ipairs(gone) do
      redis.call('DEL', record.key)
      redis.call('HDEL', KEYS[3], record.id)
      redis.call('ZREM', KEYS[4], record.id)
      redis.call('ZREM', KEYS[5], record.id)
      redis.call('ZREM', record.index, record.id)
      if record.rotatedFrom and redis.call('HINCRBY', KEYS[6], record.rotatedFrom, -1) < 1 then
        redis.call('HDEL', KEYS[6], record.rotatedFrom)
      end
    end
    return #gone
  `,

  // KEYS: ids. ARGV: prefix, and of each use: id, lastUsedAt, how many demands, and each of these with its date
  recordUse: `
    local uses = {}
    local i = 2
    while i <= #ARGV do
      local key = recordOf(KEYS[1], ARGV[i])
      if key then table.insert(uses, { key = key, from = i }) end
      i = i + 3 + 2 * tonumber(ARGV[i + 2])
    end
    local function later (key, field, at)
      local known = redis.call('HGET', key, field)
      if not known or tonumber(at) > tonumber(known) then redis.call('HSET', key, field, at) end
    end
    for _, use in ipairs(uses) do
      later(use.key, 'lastUsedAt', ARGV[use.from + 1])
      for j = 1, tonumber(ARGV[use.from + 2]) do
        later(use.key, 'use ' .. ARGV[use.from + 1 + 2 * j], ARGV[use.from + 2 + 2 * j])
      end
    end
  `
} as const
