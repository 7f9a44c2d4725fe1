-- Let others claim a dead owner after a while, if it has not been buried.
-- KEYS[1]  dead: sorted set of owners to be cared for, by the time (s) from which anybody may
-- ARGV     1 owner, 2 seconds from now
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'XX', time[1] + time[2] / 1000000 + ARGV[2], ARGV[1])
