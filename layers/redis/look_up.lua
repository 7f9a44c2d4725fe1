-- Find the targets to be visited now, and put off the visits of others.
-- Returns {seconds until the next visit or '', target, its ticket, target, ...}.
-- KEYS[1]  calendar: sorted set of targets by the time (s) of their next visit
-- ARGV     1 most targets, 2 time for a visit in s
local calendar = KEYS[1]
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local due = redis.call('ZRANGEBYSCORE', calendar, '-inf', now, 'LIMIT', 0, ARGV[1])
local later = redis.call('ZRANGEBYSCORE', calendar, now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
local found = {later[2] and tostring(later[2] - now) or ''}
if #due == tonumber(ARGV[1]) then
  found[1] = '0'
end
for _, target in ipairs(due) do
  redis.call('ZADD', calendar, now + ARGV[2], target)
  table.insert(found, target)
  table.insert(found, redis.call('ZSCORE', calendar, target))
end
return found
