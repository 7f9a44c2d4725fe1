-- Return the records that are not stale.
-- KEYS[1]  seen: sorted set of ids of processes by the time (s) of the last renewal
-- KEYS[2]  records: hash of ids, records
-- ARGV[1]  age (s) at which a record is stale
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local ids = redis.call('ZRANGE', KEYS[1], string.format('%.6f', now - ARGV[1]), '+inf', 'BYSCORE', 'LIMIT', 0, 2000)
if #ids == 0 then
  return {}
end
return redis.call('HMGET', KEYS[2], unpack(ids))
