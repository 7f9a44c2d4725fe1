-- Mark that a group has members in an inbox, or a plain channel.
-- KEYS[1]  marks: sorted set of inboxes and plain channels by the time (s) they expire, lives as long as its longest mark
-- KEYS[2]  members: set of local parts in this inbox, expires after ARGV[2]
-- ARGV     1 mark, 2 TTL of the mark in s, 3.. local parts (none for a plain channel)
local marks, members = KEYS[1], KEYS[2]
local ttl = tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
redis.call('ZREMRANGEBYSCORE', marks, '-inf', now)
redis.call('ZADD', marks, now + ttl, ARGV[1])
if redis.call('PTTL', marks) < ttl * 1000 then
  redis.call('PEXPIRE', marks, math.ceil(ttl * 1000))
end
for i = 3, #ARGV do
  redis.call('SADD', members, ARGV[i])
end
if #ARGV > 2 then
  redis.call('PEXPIRE', members, math.ceil(ttl * 1000))
end
