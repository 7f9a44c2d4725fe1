-- Append entries to a channel's queue, up to its capacity. Returns how many were accepted, -1 if the writer is fenced.
-- KEYS[1]  queue: list of entries (16-byte header sent_at, expires_at; then the body), expires after ARGV[3]
-- KEYS[2]  counts: hash of counters (sent, full, expired), expires after ARGV[4]; renewed with each 16th message
-- KEYS[3]  wakeup: list of one, where readers wait
-- KEYS[4]  pushes (for numbered pushes): hash of queues to the number (15 digits) and the result of the writer's last
--          push; and `fenced`; expires ARGV[4] after a queue was added
-- KEYS[5]  wills (where some are registered or taken away): hash of local parts to wills, expires after ARGV[4]
-- KEYS[6]  states: hash of local parts to session states, expires after ARGV[4]
-- ARGV     1 capacity, 2 expiry of a message in s, 3 TTL of the queue in ms, 4 TTL of the other keys in s;
--          with KEYS[4], the number, with 15 digits; with KEYS[5], how many bodies; then the bodies; with KEYS[5], then
--          for each body a local part and a will to register; an empty will takes the registered one away
local queue, counts, pushes = KEYS[1], KEYS[2], KEYS[4]
local capacity, expiry = tonumber(ARGV[1]), tonumber(ARGV[2])
local first = pushes and (KEYS[5] and 7 or 6) or 5
local bodies = KEYS[5] and tonumber(ARGV[6]) or #ARGV - first + 1
if pushes then
  local known = redis.call('HMGET', pushes, queue, 'fenced')
  if known[2] then
    return -1
  end
  if known[1] and string.sub(known[1], 1, 15) >= ARGV[5] then
    return tonumber(string.sub(known[1], 16))
  end
end

local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local header = struct.pack('>dd', now, now + expiry)
local entries = {}
for i = 1, bodies do
  entries[i] = header .. ARGV[first + i - 1]
end
local accepted, waiting = bodies, (append(queue, entries) or 0) - bodies
local is_full = waiting + bodies > capacity
if is_full then
  -- Take them back: a full queue gives up what is too old, so that messages nobody took do not refuse new ones.
  redis.call('LTRIM', queue, '0', -bodies - 1)
  while waiting > 0 and waiting + bodies > capacity do
    local oldest = redis.call('LINDEX', queue, 0)
    if #oldest >= 16 and struct.unpack('>d', string.sub(oldest, 9, 16)) > now then break end
    redis.call('LPOP', queue)
    redis.call('HINCRBY', counts, 'expired', 1)
    waiting = waiting - 1
  end
  accepted = math.max(0, math.min(bodies, capacity - waiting))
  for i = bodies, accepted + 1, -1 do
    entries[i] = nil
  end
  append(queue, entries)
end
local shown = accepted == 1 and '1' or accepted  -- a number costs more than a string
if pushes and redis.call('HSET', pushes, queue, ARGV[5] .. shown) == 1 then
  redis.call('EXPIRE', pushes, ARGV[4])
end
if accepted > 0 then
  redis.call('PEXPIRE', queue, ARGV[3])
  notify(KEYS[3], ARGV[3])
  local sent = redis.call('HINCRBY', counts, 'sent', shown)
  if not is_full and (sent - 1) % 16 < accepted then  -- not with each: it costs as much as the count itself
    redis.call('EXPIRE', counts, ARGV[4])
  end
end
if is_full then
  if accepted < bodies then
    redis.call('HINCRBY', counts, 'full', bodies - accepted)
  end
  redis.call('EXPIRE', counts, ARGV[4])
end

if KEYS[5] then
  local from = first + bodies
  local registers = false
  for i = from, from + 2 * accepted - 1, 2 do
    if ARGV[i + 1] ~= '' then
      redis.call('HSET', KEYS[5], ARGV[i], ARGV[i + 1])
      registers = true
    else
      redis.call('HDEL', KEYS[5], ARGV[i])
      redis.call('HDEL', KEYS[6], ARGV[i])
    end
  end
  if registers then
    redis.call('EXPIRE', KEYS[5], ARGV[4])
    redis.call('EXPIRE', KEYS[6], ARGV[4])
  end
end
return accepted
