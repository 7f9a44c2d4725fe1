-- Read messages that a group keeps. Returns {epoch, newest offset, oldest offset that is kept, offset of the first entry, entries}.
-- KEYS[1]  head: hash; epoch, offset: those of the newest message; expires after ARGV[2]
-- KEYS[2]  history: list of the entries that are kept, the time (s) of each in front of it
-- ARGV     1 name of the epoch if one begins, 2 TTL of the head in s, 3 seconds to keep, 4 the offset after which to read (-1: the
--          newest messages), 5 limit
local head, history = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local cutoff = time[1] + time[2] / 1000000 - ARGV[3]
local known = redis.call('HMGET', head, 'epoch', 'offset')
local epoch, newest = known[1], tonumber(known[2])
if not epoch then
  epoch, newest = ARGV[1], 0
  redis.call('UNLINK', history)
  redis.call('HSET', head, 'epoch', epoch, 'offset', '0', 'bytes', '0')
end
redis.call('EXPIRE', head, ARGV[2])
local count, limit = redis.call('LLEN', history), tonumber(ARGV[5])
-- The first that is young enough: times only grow, but for a clock that was set back.
local low, high = 0, count
while low < high do
  local middle = math.floor((low + high) / 2)
  if struct.unpack('>d', redis.call('LINDEX', history, middle)) > cutoff then
    high = middle
  else
    low = middle + 1
  end
end
local first_kept = newest - count + 1
local start = low
if ARGV[4] == '-1' then
  start = math.max(low, count - limit)
else
  start = math.max(low, ARGV[4] + 1 - first_kept)
end
local entries = {}
if limit > 0 and start < count then
  entries = redis.call('LRANGE', history, start, start + limit - 1)
end
return {epoch, newest, first_kept + low, first_kept + start, entries}
