-- Return the channels that are paused, each with the seconds until its pause ends, as text, '' without an end.
-- KEYS[1]  pauses: sorted set of channels by the time (s) their pauses end, +inf without an end
if redis.call('EXISTS', KEYS[1]) == 0 then
  return {}
end
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local found = redis.call('ZRANGE', KEYS[1], string.format('(%.6f', now), '+inf', 'BYSCORE', 'WITHSCORES')
for position = 2, #found, 2 do
  found[position] = found[position] == 'inf' and '' or string.format('%.3f', found[position] - now)
end
return found
