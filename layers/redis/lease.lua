-- Say that an inbox's owner lives. Returns 1 if it was known, 0 if not.
-- KEYS[1]  lease: string, expires after ARGV[1]
-- ARGV     1 life of the lease in s
local known = redis.call('EXISTS', KEYS[1])
redis.call('SET', KEYS[1], '1', 'EX', ARGV[1])
return known
