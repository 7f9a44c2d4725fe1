-- Register a reader, so that its record is read with the outstanding entries, for a while.
-- KEYS[1]  readers: sorted set of readers by the time (s) they were registered
-- KEYS[2]  record of the reader (see record.lua), expires after ARGV[3]
-- ARGV     1 reader, 2 TTL of a registration in s, 3 TTL of the record in s
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], time[1], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', time[1] - ARGV[2])
redis.call('EXPIRE', KEYS[1], math.ceil(ARGV[2]))
redis.call('EXPIRE', KEYS[2], ARGV[3])
