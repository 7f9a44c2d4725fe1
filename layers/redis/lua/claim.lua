-- Claim expired owners. Returns {owner, seconds since its expiry was noticed, ...}.
-- KEYS[1]  held: sorted set of owners by the time (s) their lease expires
-- KEYS[2]  expired: sorted set of expired owners by the time (s) from which they can be claimed; expires after ARGV[3]
-- KEYS[3]  tombstones: sorted set of expired owners by the time (s) at which that was noticed; expires after ARGV[3]
-- KEYS[4]  watch: hash; renewed: when (s) a lease was renewed last, from: when leases count
-- ARGV     1 duration of a claim in s, 2 silence in s after which the store was unavailable,
--          3 TTL of tombstones and keys in s, 4 longest lease in s, 5 longest time in s after which leases count again
local held, expired, tombstones, watch = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local known = redis.call('HMGET', watch, 'renewed', 'from')
-- The clock was set back: no time in the keys may be later than it can have been when it was written.
if tonumber(known[1] or 0) > now then
  local function clamp(key, longest)
    for _, owner in ipairs(redis.call('ZRANGEBYSCORE', key, '(' .. now + longest, '+inf')) do
      redis.call('ZADD', key, now + longest, owner)
    end
  end
  clamp(held, ARGV[4])
  clamp(expired, ARGV[1])
  clamp(tombstones, 0)
  known = {now, math.min(tonumber(known[2] or 0), now + ARGV[5])}
  redis.call('HSET', watch, 'renewed', known[1], 'from', known[2])
end
if now - (known[1] or 0) > tonumber(ARGV[2]) or now < tonumber(known[2] or 0) then
  return {}
end
for _, owner in ipairs(redis.call('ZRANGEBYSCORE', held, '-inf', now)) do
  redis.call('ZREM', held, owner)
  redis.call('ZADD', expired, now, owner)
  redis.call('ZADD', tombstones, now, owner)
end
redis.call('ZREMRANGEBYSCORE', tombstones, '-inf', now - ARGV[3])
local claimed = {}
for _, owner in ipairs(redis.call('ZRANGEBYSCORE', expired, '-inf', now)) do
  redis.call('ZADD', expired, now + ARGV[1], owner)
  table.insert(claimed, owner)
  table.insert(claimed, tostring(now - (redis.call('ZSCORE', tombstones, owner) or now)))
end
redis.call('EXPIRE', expired, ARGV[3])
redis.call('EXPIRE', tombstones, ARGV[3])
return claimed
