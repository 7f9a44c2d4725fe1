-- End an owner's lease now: others are to do what remains.
-- KEYS[1]  living: sorted set of owners by the time (s) their lease runs out
-- KEYS[2]  dead: sorted set of owners to be cared for, by the time (s) from which anybody may; expires after ARGV[2]
-- KEYS[3]  graves: sorted set of owners that died, by the time (s) that was noticed; expires after ARGV[2]
-- ARGV     1 owner, 2 life of the keys in s
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
redis.call('ZREM', KEYS[1], ARGV[1])
for i = 2, 3 do
  redis.call('ZADD', KEYS[i], now, ARGV[1])
  redis.call('EXPIRE', KEYS[i], ARGV[2])
end
