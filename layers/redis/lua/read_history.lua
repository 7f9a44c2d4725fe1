-- Read messages that a group keeps. Returns {epoch, newest offset, oldest offset that is kept, offset of the first entry, entries}.
-- KEYS[1]  head: hash; epoch, offset: those of the newest message, seconds: how long messages are kept; expires after 2 * seconds + 60
-- KEYS[2]  history: list of the entries that are kept, the time (s) of each in front of it
-- ARGV     1 name of the epoch if one begins (empty: none does, and seconds are those of the head), 2 seconds to keep,
--          3 the offset after which to read (-1: the newest messages), 4 limit
local head, history = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local known = redis.call('HMGET', head, 'epoch', 'offset', 'seconds')
local epoch, newest = known[1], tonumber(known[2])
if not epoch then
  if ARGV[1] == '' then
    return {'', 0, 1, 1, {}}
  end
  epoch, newest = ARGV[1], 0
  redis.call('UNLINK', history)
  redis.call('HSET', head, 'epoch', epoch, 'offset', '0', 'bytes', '0', 'seconds', ARGV[2])
end
local seconds = ARGV[1] == '' and known[3] or ARGV[2]
local cutoff = time[1] + time[2] / 1000000 - seconds
redis.call('EXPIRE', head, 2 * seconds + 60)
local count, limit = redis.call('LLEN', history), tonumber(ARGV[4])
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
if ARGV[3] == '-1' then
  start = math.max(low, count - limit)
else
  start = math.max(low, ARGV[3] + 1 - first_kept)
end
local entries = {}
if limit > 0 and start < count then
  entries = redis.call('LRANGE', history, start, start + limit - 1)
end
return {epoch, newest, first_kept + low, first_kept + start, entries}
