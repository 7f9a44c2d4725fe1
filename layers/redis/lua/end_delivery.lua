-- Set when a target is due again, unless its entry in the due index was changed during the delivery (compare-and-delete).
-- KEYS[1]  due_index: sorted set of targets by the time (s) of their next delivery
-- ARGV     1 target, 2 token: the time in the entry if it is unchanged, 3 seconds until then, '' for never
local due_index = KEYS[1]
local time = redis.call('TIME')
local at = ARGV[3] ~= '' and time[1] + time[2] / 1000000 + ARGV[3]
local known = redis.call('ZSCORE', due_index, ARGV[1])
if known == ARGV[2] and not at then
  redis.call('ZREM', due_index, ARGV[1])
elseif at and (known == ARGV[2] or not known or at < tonumber(known)) then
  redis.call('ZADD', due_index, at, ARGV[1])
end
