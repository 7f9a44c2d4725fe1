-- Add a target to the due index, and wake one scheduler if none would wake up in time for it.
-- KEYS[1]  due_index: sorted set of targets by the time (s) of their next delivery, expires ARGV[3] after the last
-- KEYS[2]  wake: list of one queue entry (16-byte header, body), expires after ARGV[4]
-- KEYS[3]  wakeup: list of one, where readers wait
-- ARGV     1 target, 2 delay in s, 3 TTL of what is overdue in ms, 4 delay in s from which all schedulers wake up in time,
--          5 body
local due_index, wake = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local at = now + ARGV[2]
local first = redis.call('ZRANGE', due_index, 0, 0, 'WITHSCORES')
local known = redis.call('ZSCORE', due_index, ARGV[1])
-- An entry that is early enough is changed, too: a process that delivers the target now must not remove it.
redis.call('ZADD', due_index, known and math.min(at, known - 0.000001) or at, ARGV[1])
local ttl = math.ceil(ARGV[2] * 1000) + ARGV[3]
if redis.call('PTTL', due_index) < ttl then
  redis.call('PEXPIRE', due_index, ttl)
end
local is_sooner = not first[2] or at < tonumber(first[2])
if is_sooner and tonumber(ARGV[2]) < tonumber(ARGV[4]) and redis.call('EXISTS', wake) == 0 then
  redis.call('RPUSH', wake, struct.pack('>dd', now, now + ARGV[4]) .. ARGV[5])
  redis.call('PEXPIRE', wake, ARGV[4] * 1000)
  notify(KEYS[3], ARGV[4] * 1000)
end
