-- Pause a channel; a pause before is replaced. Pauses that have ended are removed.
-- KEYS[1]  pauses: sorted set of channels by the time (s) their pauses end, +inf without an end; expires after ARGV[3]
-- ARGV     1 channel, 2 duration in s, '' without an end, 3 TTL of the key in s
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.6f', now))
local ends = ARGV[2] == '' and '+inf' or string.format('%.6f', now + tonumber(ARGV[2]))
redis.call('ZADD', KEYS[1], ends, ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
