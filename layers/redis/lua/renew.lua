-- Renew an inbox's mark in a group. Returns 0 if the group no longer has it.
-- KEYS[1]  marks: sorted set of inboxes and plain channels by the time (s) they expire
-- KEYS[2]  members: set of local parts in this inbox, expires after ARGV[2]
-- ARGV     1 mark, 2 TTL of the mark in s
local marks, members = KEYS[1], KEYS[2]
local ttl = tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
if redis.call('PEXPIRE', members, ttl * 1000) == 0 or not redis.call('ZSCORE', marks, ARGV[1]) then
  return 0
end
redis.call('ZREMRANGEBYSCORE', marks, '-inf', now)
redis.call('ZADD', marks, now + ttl, ARGV[1])
if redis.call('PTTL', marks) < ttl * 1000 then
  redis.call('PEXPIRE', marks, ttl * 1000)
end
return 1
