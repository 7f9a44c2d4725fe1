-- Let any process claim an expired owner after some seconds, unless it was forgotten.
-- KEYS[1]  expired: sorted set of expired owners by the time (s) from which they can be claimed
-- ARGV     1 owner, 2 seconds from now
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'XX', time[1] + time[2] / 1000000 + ARGV[2], ARGV[1])
