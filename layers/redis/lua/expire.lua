-- Let an owner's lease expire now.
-- KEYS[1]  held: sorted set of owners by the time (s) their lease expires
-- KEYS[2]  expired: sorted set of expired owners by the time (s) from which they can be claimed; expires after ARGV[2]
-- KEYS[3]  tombstones: sorted set of expired owners by the time (s) at which that was noticed; expires after ARGV[2]
-- ARGV     1 owner, 2 TTL of the keys in s
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
redis.call('ZREM', KEYS[1], ARGV[1])
for i = 2, 3 do
  redis.call('ZADD', KEYS[i], now, ARGV[1])
  redis.call('EXPIRE', KEYS[i], ARGV[2])
end
