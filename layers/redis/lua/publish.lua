-- Give a message the next offset of its group and keep it; list the living marks of the group.
-- Returns {epoch, offset, marks}.
-- KEYS[1]  marks: sorted set of inboxes and plain channels by the time (s) they expire
-- KEYS[2]  head: hash; epoch, offset: those of the newest message, bytes: the length of all that is kept, seconds: ARGV[3];
--          expires after ARGV[4]
-- KEYS[3]  history: list of the entries that are kept, the time (s) of each in front of it; expires after ARGV[3]
-- ARGV     1 messages to keep, 2 bytes to keep, 3 seconds to keep, 4 TTL of the head in s, 5 name of the epoch if one begins,
--          6 entry (8 random bytes first), 7 1 if it may have been published before
local marks, head, history = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local living = redis.call('ZRANGEBYSCORE', marks, '(' .. now, '+inf')
local known = redis.call('HMGET', head, 'epoch', 'offset', 'bytes')
local epoch, offset, bytes = known[1], tonumber(known[2]), tonumber(known[3])
local count = redis.call('LLEN', history)
if not epoch then
  epoch, offset = ARGV[5], 0
  redis.call('UNLINK', history)
  redis.call('HSET', head, 'epoch', epoch)
  count = 0
elseif ARGV[7] == '1' then
  local kept = redis.call('LRANGE', history, '0', '-1')
  for i = #kept, 1, -1 do
    if string.sub(kept[i], 9, 16) == string.sub(ARGV[6], 1, 8) then
      return {epoch, offset - #kept + i, living}
    end
  end
end
if count == 0 then
  bytes = 0
end
local entry = struct.pack('>d', now) .. ARGV[6]
offset, count, bytes = offset + 1, count + 1, bytes + #entry
redis.call('RPUSH', history, entry)
while count > 0 do
  local first = redis.call('LINDEX', history, '0')
  if count <= tonumber(ARGV[1]) and bytes <= tonumber(ARGV[2]) and struct.unpack('>d', first) > now - ARGV[3] then
    break
  end
  redis.call('LPOP', history)
  count, bytes = count - 1, bytes - #first
end
redis.call('HSET', head, 'offset', string.format('%.0f', offset), 'bytes', string.format('%.0f', bytes), 'seconds', ARGV[3])
redis.call('EXPIRE', head, ARGV[4])
redis.call('EXPIRE', history, ARGV[3])
return {epoch, offset, living}
