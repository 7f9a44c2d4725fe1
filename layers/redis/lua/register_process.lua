-- Write or renew the record of a process, and remove records that are long stale.
-- KEYS[1]  seen: sorted set of ids of processes by the time (s) of the last renewal
-- KEYS[2]  records: hash of ids, records
-- ARGV[1]  id
-- ARGV[2]  record
-- ARGV[3]  age (s) at which records are removed
-- ARGV[4]  life (s) of both keys
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
redis.call('ZADD', KEYS[1], string.format('%.6f', now), ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
local stale = redis.call('ZRANGE', KEYS[1], '-inf', string.format('%.6f', now - ARGV[3]), 'BYSCORE', 'LIMIT', 0, 100)
if #stale > 0 then
  redis.call('ZREM', KEYS[1], unpack(stale))
  redis.call('HDEL', KEYS[2], unpack(stale))
end
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('EXPIRE', KEYS[2], ARGV[4])
