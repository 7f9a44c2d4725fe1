-- Renew a lease. Returns 0 if it was unknown, 1 if it was held, 2 if it had expired: then it is not renewed.
-- KEYS[1]  held: sorted set of owners by the time (s) their lease expires, expires after ARGV[5]
-- KEYS[2]  tombstones: sorted set of expired owners by the time (s) at which that was noticed
-- KEYS[3]  watch: hash; renewed: when (s) a lease was renewed last, from: when leases count; expires after ARGV[5]
-- ARGV     1 owner, 2 duration of the lease in s, 3 silence in s after which the store was unavailable, 4 grace after it in s,
--          5 TTL of the keys in s
local held, tombstones, watch = KEYS[1], KEYS[2], KEYS[3]
local owner = ARGV[1]
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
-- Without leases none can have expired while the store was unavailable.
local renewed = redis.call('HGET', watch, 'renewed')
if renewed and now - renewed > tonumber(ARGV[3]) then
  redis.call('HSET', watch, 'from', now + ARGV[4])
end
redis.call('HSET', watch, 'renewed', now)
redis.call('EXPIRE', watch, ARGV[5])
if redis.call('ZSCORE', tombstones, owner) then
  return 2
end
local added = redis.call('ZADD', held, now + ARGV[2], owner)
redis.call('EXPIRE', held, ARGV[5])
return 1 - added
