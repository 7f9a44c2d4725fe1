-- Add to a counter.
-- KEYS[1]  counts: hash of counters, expires after ARGV[3]
-- KEYS[2]  pushes (where the addition has a number): hash of the writer's last writes, expires ARGV[5]
--          after a counter was added
-- ARGV     1 counter, 2 amount, 3 TTL of the counts in s, 4 number, 5 TTL of the pushes in s, 6 counter of the channel
if KEYS[2] then
  if tonumber(redis.call('HGET', KEYS[2], ARGV[6]) or 0) >= tonumber(ARGV[4]) then
    return
  end
  if redis.call('HSET', KEYS[2], ARGV[6], ARGV[4]) == 1 then
    redis.call('EXPIRE', KEYS[2], ARGV[5])
  end
end
redis.call('HINCRBY', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
