-- Return owners whose leases have not expired, and the seconds until they do, as text.
-- KEYS[1]  held: sorted set of owners by the time (s) their leases expire
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local found = redis.call('ZRANGE', KEYS[1], string.format('(%.6f', now), '+inf', 'BYSCORE', 'LIMIT', 0, 5000, 'WITHSCORES')
for position = 2, #found, 2 do
  found[position] = string.format('%.3f', found[position] - now)
end
return found
