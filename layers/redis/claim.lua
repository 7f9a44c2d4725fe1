-- Take charge of who is dead. Returns {owner, seconds since that was noticed, ...}.
-- KEYS[1]  living: sorted set of owners by the time (s) their lease runs out
-- KEYS[2]  dead: sorted set of owners to be cared for, by the time (s) from which anybody may; expires after ARGV[3]
-- KEYS[3]  graves: sorted set of owners that died, by the time (s) that was noticed; expires after ARGV[3]
-- KEYS[4]  watch: hash; heard: when (s) a lease was renewed last, from: when leases count
-- ARGV     1 life of the claim in s, 2 silence after which the store was away in s, 3 life of a grave and the keys in s,
--          4 longest life of a lease in s, 5 longest time in s after which leases count again
local living, dead, graves, watch = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local known = redis.call('HMGET', watch, 'heard', 'from')
-- The clock was set back: no time in the keys may be further away than it can have been when it was written.
if tonumber(known[1] or 0) > now then
  local function clamp(key, longest)
    for _, owner in ipairs(redis.call('ZRANGEBYSCORE', key, '(' .. now + longest, '+inf')) do
      redis.call('ZADD', key, now + longest, owner)
    end
  end
  clamp(living, ARGV[4])
  clamp(dead, ARGV[1])
  clamp(graves, 0)
  known = {now, math.min(tonumber(known[2] or 0), now + ARGV[5])}
  redis.call('HSET', watch, 'heard', known[1], 'from', known[2])
end
if now - (known[1] or 0) > tonumber(ARGV[2]) or now < tonumber(known[2] or 0) then
  return {}
end
for _, owner in ipairs(redis.call('ZRANGEBYSCORE', living, '-inf', now)) do
  redis.call('ZREM', living, owner)
  redis.call('ZADD', dead, now, owner)
  redis.call('ZADD', graves, now, owner)
end
redis.call('ZREMRANGEBYSCORE', graves, '-inf', now - ARGV[3])
local claimed = {}
for _, owner in ipairs(redis.call('ZRANGEBYSCORE', dead, '-inf', now)) do
  redis.call('ZADD', dead, now + ARGV[1], owner)
  table.insert(claimed, owner)
  table.insert(claimed, tostring(now - (redis.call('ZSCORE', graves, owner) or now)))
end
redis.call('EXPIRE', dead, ARGV[3])
redis.call('EXPIRE', graves, ARGV[3])
return claimed
