-- End the pause of a channel. Returns 1 if it was paused, 0 if not.
-- KEYS[1]  pauses: sorted set of channels by the time (s) their pauses end, +inf without an end
-- ARGV     1 channel
local time = redis.call('TIME')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%d.%06d', time[1], time[2]))
return redis.call('ZREM', KEYS[1], ARGV[1])
