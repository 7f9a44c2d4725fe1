-- Find the targets that are due, and claim them: no other process finds them for a while.
-- Returns {seconds until the next is due or '', target, its token, target, ...}.
-- KEYS[1]  due_index: sorted set of targets by the time (s) of their next delivery
-- ARGV     1 most targets, 2 duration of a claim in s
local due_index = KEYS[1]
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local due = redis.call('ZRANGEBYSCORE', due_index, '-inf', now, 'LIMIT', 0, ARGV[1])
local later = redis.call('ZRANGEBYSCORE', due_index, now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
local found = {later[2] and tostring(later[2] - now) or ''}
if #due == tonumber(ARGV[1]) then
  found[1] = '0'
end
for _, target in ipairs(due) do
  redis.call('ZADD', due_index, now + ARGV[2], target)
  table.insert(found, target)
  table.insert(found, redis.call('ZSCORE', due_index, target))
end
return found
