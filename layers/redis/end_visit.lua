-- Say when a target is to be visited again, unless its entry in the calendar was changed during the visit.
-- KEYS[1]  calendar: sorted set of targets by the time (s) of their next visit
-- ARGV     1 target, 2 ticket: the time that stands there if nobody has changed it, 3 seconds until then, '' for never
local calendar = KEYS[1]
local time = redis.call('TIME')
local at = ARGV[3] ~= '' and time[1] + time[2] / 1000000 + ARGV[3]
local known = redis.call('ZSCORE', calendar, ARGV[1])
if known == ARGV[2] and not at then
  redis.call('ZREM', calendar, ARGV[1])
elseif at and (known == ARGV[2] or not known or at < tonumber(known)) then
  redis.call('ZADD', calendar, at, ARGV[1])
end
