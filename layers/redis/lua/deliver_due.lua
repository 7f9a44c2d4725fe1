-- Move due entries into their queue or inbox, while it has room; the others stay. None is moved after a MiB of them
-- (READ_BYTES in operation.py).
-- Returns {number of moved entries, seconds until the next is due, or '' if none is left, or 'full'}.
-- KEYS[1]  delayed: sorted set of entries (random bytes, then a body) by the time (s) they are due
-- KEYS[2]  queue: list of entries (16-byte header sent_at, expires_at; then the body), or inbox: list of bodies;
--          expires after ARGV[3]
-- KEYS[3]  counts: hash of counters (sent, expired), expires after ARGV[4]
-- KEYS[4]  wakeup: list of one, where readers of a queue wait; none for an inbox
-- ARGV     1 capacity, 2 expiry of a message in s, '' for an inbox, 3 TTL of the list in ms, 4 TTL of the counts in s,
--          5 random bytes before a body, 6 most entries
local delayed, list, counts = KEYS[1], KEYS[2], KEYS[3]
local capacity, is_queue = tonumber(ARGV[1]), ARGV[2] ~= ''
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local due, bytes, most = {}, 0, tonumber(ARGV[6])
repeat
  local count = math.min(8, most - #due)  -- few at a time: entries may be long
  local some = redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', #due, count)
  for i = 1, #some do
    if bytes < 1048576 then
      due[#due + 1] = some[i]
      bytes = bytes + #some[i]
    end
  end
until #some < count or #due >= most or bytes >= 1048576

local waiting = redis.call('LLEN', list)
-- Expired entries of a full queue are dropped, so that messages that no worker took do not refuse new ones.
while is_queue and waiting > 0 and waiting + #due > capacity do
  local oldest = redis.call('LINDEX', list, 0)
  if #oldest >= 16 and struct.unpack('>d', string.sub(oldest, 9, 16)) > now then break end
  redis.call('LPOP', list)
  redis.call('HINCRBY', counts, 'expired', 1)
  waiting = waiting - 1
end

local moved = math.max(0, math.min(#due, capacity - waiting))
local header = is_queue and struct.pack('>dd', now, now + ARGV[2]) or ''
for i = 1, moved do
  redis.call('RPUSH', list, header .. string.sub(due[i], ARGV[5] + 1))
  redis.call('ZREM', delayed, due[i])
end
if moved > 0 then
  redis.call('PEXPIRE', list, ARGV[3])
  if is_queue then
    notify(KEYS[4], ARGV[3])
    redis.call('HINCRBY', counts, 'sent', moved)
    redis.call('EXPIRE', counts, ARGV[4])
  end
end
if moved < #due then
  return {moved, 'full'}
end
local first = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')
return {moved, first[2] and tostring(math.max(0, first[2] - now)) or ''}
