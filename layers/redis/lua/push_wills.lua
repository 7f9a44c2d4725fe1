-- Append the last event of each connection to a queue that has room, and take its will away. Connections without a will
-- had theirs before. Returns how many are done: all, or 0 if the queue is full.
-- KEYS[1]  queue: list of entries (16-byte header sent_at, expires_at; then the body), expires after ARGV[3]
-- KEYS[2]  counts: hash of counters (sent, expired), expires after ARGV[4]
-- KEYS[3]  wakeup: list of one, where readers wait
-- KEYS[4]  wills: hash of local parts to wills
-- KEYS[5]  states: hash of local parts to session states
-- ARGV     1 capacity, 2 expiry of a message in s, 3 TTL of the queue in ms, 4 TTL of the counts in s, 5.. local part,
--          body, local part, body ...
local queue, counts = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local header = struct.pack('>dd', now, now + ARGV[2])
while redis.call('LLEN', queue) >= tonumber(ARGV[1]) do
  local oldest = redis.call('LINDEX', queue, 0)
  if #oldest >= 16 and struct.unpack('>d', string.sub(oldest, 9, 16)) > now then
    return 0
  end
  redis.call('LPOP', queue)
  redis.call('HINCRBY', counts, 'expired', 1)
end
local sent = 0
for i = 5, #ARGV, 2 do
  if redis.call('HEXISTS', KEYS[4], ARGV[i]) == 1 then
    redis.call('RPUSH', queue, header .. ARGV[i + 1])
    redis.call('HDEL', KEYS[4], ARGV[i])
    redis.call('HDEL', KEYS[5], ARGV[i])
    sent = sent + 1
  end
end
if sent > 0 then
  redis.call('PEXPIRE', queue, ARGV[3])
  notify(KEYS[3], ARGV[3])
  redis.call('HINCRBY', counts, 'sent', sent)
  redis.call('EXPIRE', counts, ARGV[4])
end
return (#ARGV - 4) / 2
