-- Keep an entry for its target until it is due. Returns 1, or 0 if its target has too many.
-- KEYS[1]  delayed: sorted set of entries (random bytes, then a body) by the time (s) they are due; expires ARGV[3] after
-- KEYS[2]  counts: hash of counters (delayed, full), expires after ARGV[4]
-- KEYS[3]  record (where the entry comes from a batch; see record.lua)
-- ARGV     1 capacity, 2 delay in s, 3 TTL of what is overdue in ms, 4 TTL of the counts in s, 5 entry, 6 the head
--          of the batch's record
local delayed, counts = KEYS[1], KEYS[2]
if KEYS[3] and redis.call('GETRANGE', KEYS[3], 0, 15) ~= ARGV[6] then
  return 1
end
local has_room = redis.call('ZCARD', delayed) < tonumber(ARGV[1])
redis.call('HINCRBY', counts, has_room and 'delayed' or 'full', 1)
redis.call('EXPIRE', counts, ARGV[4])
if not has_room then
  return 0
end
local time = redis.call('TIME')
redis.call('ZADD', delayed, time[1] + time[2] / 1000000 + ARGV[2], ARGV[5])
local ttl = math.ceil(ARGV[2] * 1000) + ARGV[3]
if redis.call('PTTL', delayed) < ttl then
  redis.call('PEXPIRE', delayed, ttl)
end
if KEYS[3] then
  redis.call('SETRANGE', KEYS[3], 0, '-')
end
return 1
