-- Count the readers whose lease has not run out.
-- KEYS[1]  living: sorted set of owners by the time (s) their lease runs out
local time = redis.call('TIME')
local now = string.format('(%d.%06d', time[1], time[2])
local count = 0
for _, owner in ipairs(redis.call('ZRANGE', KEYS[1], now, '+inf', 'BYSCORE')) do
  if not string.find(owner, '!', 1, true) then
    count = count + 1
  end
end
return count
