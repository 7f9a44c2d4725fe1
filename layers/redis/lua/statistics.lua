-- Read a channel's counters and queue. Returns {counters, length, oldest entry's header or '', seconds, microseconds}.
-- KEYS[1]  queue: list of entries
-- KEYS[2]  counts: hash of counters
local oldest = redis.call('LINDEX', KEYS[1], 0)
local time = redis.call('TIME')
return {
  redis.call('HGETALL', KEYS[2]),
  redis.call('LLEN', KEYS[1]),
  oldest and string.sub(oldest, 1, 16) or '',
  time[1],
  time[2],
}
