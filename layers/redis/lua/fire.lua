-- Append the message of a schedule to its queue, once for each time it is due. Returns 0 if that was done, 1 if it is done
-- now, 2 if the schedule is new and the time was missed, 3 if the queue is full, 4 if the time has not come.
-- KEYS[1]  fired: hash of schedules, the time (s) each was last due; expires after ARGV[3]
-- KEYS[2]  queue: list of entries (16-byte header sent_at, expires_at; then the body), expires after ARGV[6]
-- KEYS[3]  counts: hash of counters (sent, full, expired), expires after ARGV[7]
-- KEYS[4]  wakeup: list of one, where readers wait
-- ARGV     1 schedule, 2 time it is due in s, 3 TTL of the record in s, 4 capacity, 5 expiry of a message in s,
--          6 TTL of the queue in ms, 7 TTL of the counts in s, 8 body, 9 '1' if the time was missed
local fired, queue, counts = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local last = redis.call('HGET', fired, ARGV[1])
if tonumber(ARGV[2]) > now then
  return 4
end
if last and tonumber(last) >= tonumber(ARGV[2]) then
  return 0
end
if last or ARGV[9] ~= '1' then
  local oldest = redis.call('LINDEX', queue, 0)
  while redis.call('LLEN', queue) >= tonumber(ARGV[4]) do
    if #oldest >= 16 and struct.unpack('>d', string.sub(oldest, 9, 16)) > now then
      redis.call('HINCRBY', counts, 'full', 1)
      redis.call('EXPIRE', counts, ARGV[7])
      return 3
    end
    redis.call('LPOP', queue)
    redis.call('HINCRBY', counts, 'expired', 1)
    oldest = redis.call('LINDEX', queue, 0)
  end
  redis.call('RPUSH', queue, struct.pack('>dd', now, now + ARGV[5]) .. ARGV[8])
  redis.call('PEXPIRE', queue, ARGV[6])
  notify(KEYS[4], ARGV[6])
  redis.call('HINCRBY', counts, 'sent', 1)
  redis.call('EXPIRE', counts, ARGV[7])
end
redis.call('HSET', fired, ARGV[1], ARGV[2])
redis.call('EXPIRE', fired, ARGV[3])
return (last or ARGV[9] ~= '1') and 1 or 2
