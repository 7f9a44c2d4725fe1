-- Drop all messages of a queue, and count them as dropped. Returns how many.
-- KEYS[1]  queue: list of entries
-- KEYS[2]  wakeup: list of one, where readers wait
-- KEYS[3]  counts: hash of counters, expires after ARGV[1]
-- ARGV[1]  TTL of the counts in s
local count = redis.call('LLEN', KEYS[1])
if count == 0 then
  return 0
end
redis.call('UNLINK', KEYS[1], KEYS[2])
redis.call('HINCRBY', KEYS[3], 'dropped', count)
redis.call('EXPIRE', KEYS[3], ARGV[1])
return count
