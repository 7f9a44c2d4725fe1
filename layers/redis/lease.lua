-- Say that an owner lives. Returns 0 if it was unknown, 1 if it was known, 2 if it was taken for dead: then it stays so.
-- KEYS[1]  living: sorted set of owners by the time (s) their lease runs out, expires after ARGV[5]
-- KEYS[2]  graves: sorted set of owners that died, by the time (s) that was noticed
-- KEYS[3]  watch: hash; heard: when (s) a lease was renewed last, from: when leases count; expires after ARGV[5]
-- ARGV     1 owner, 2 life of the lease in s, 3 silence after which the store was away in s, 4 grace after it in s,
--          5 life of the keys in s
local living, graves, watch = KEYS[1], KEYS[2], KEYS[3]
local owner = ARGV[1]
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
-- A store that knows of no lease has none that could have run out while it was away.
local heard = redis.call('HGET', watch, 'heard')
if heard and now - heard > tonumber(ARGV[3]) then
  redis.call('HSET', watch, 'from', now + ARGV[4])
end
redis.call('HSET', watch, 'heard', now)
redis.call('EXPIRE', watch, ARGV[5])
if redis.call('ZSCORE', graves, owner) then
  return 2
end
local added = redis.call('ZADD', living, now + ARGV[2], owner)
redis.call('EXPIRE', living, ARGV[5])
return 1 - added
