-- Count the readers that hold a lease.
-- KEYS[1]  held: sorted set of owners by the time (s) their lease expires
local time = redis.call('TIME')
local now = string.format('(%d.%06d', time[1], time[2])
local count = 0
for _, owner in ipairs(redis.call('ZRANGE', KEYS[1], now, '+inf', 'BYSCORE')) do
  if not string.find(owner, '!', 1, true) then
    count = count + 1
  end
end
return count
