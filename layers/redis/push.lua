-- Append entries to a channel's queue, up to its capacity. Returns how many were accepted.
-- KEYS[1]  queue: list of entries (16-byte header sent_at, expires_at; then the body), expires after ARGV[3]
-- KEYS[2]  counts: hash of counters (sent, full, expired), expires after ARGV[4]
-- KEYS[3]  bell: list of one, where readers wait
-- ARGV     1 capacity, 2 expiry of a message in s, 3 life of the queue in ms, 4 life of the counts in s, 5.. bodies
local queue, counts = KEYS[1], KEYS[2]
local capacity, expiry = tonumber(ARGV[1]), tonumber(ARGV[2])
local bodies = #ARGV - 4
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000

local waiting = redis.call('LLEN', queue)
-- A full queue gives up what is too old, so that messages nobody took do not refuse new ones.
while waiting > 0 and waiting + bodies > capacity do
  local oldest = redis.call('LINDEX', queue, 0)
  if #oldest >= 16 and struct.unpack('>d', string.sub(oldest, 9, 16)) > now then break end
  redis.call('LPOP', queue)
  redis.call('HINCRBY', counts, 'expired', 1)
  waiting = waiting - 1
end

local accepted = math.max(0, math.min(bodies, capacity - waiting))
local header = struct.pack('>dd', now, now + expiry)
for i = 5, 4 + accepted do
  redis.call('RPUSH', queue, header .. ARGV[i])
end
if accepted > 0 then
  redis.call('PEXPIRE', queue, ARGV[3])
  ring(KEYS[3], ARGV[3])
  redis.call('HINCRBY', counts, 'sent', accepted)
end
if accepted < bodies then
  redis.call('HINCRBY', counts, 'full', bodies - accepted)
end
redis.call('EXPIRE', counts, ARGV[4])
return accepted
