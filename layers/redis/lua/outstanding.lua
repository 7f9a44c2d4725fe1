-- Read queues and all records in one step. Returns {entries of the first queue}, ..., then records (see record.lua).
-- KEYS[1]  held: sorted set of owners, readers and inboxes
-- KEYS[2]  expired: the same of expired owners
-- KEYS[3]  readers: sorted set of readers by the time (s) they were registered; also of those that have no lease
-- KEYS[4..] queues: lists of entries
-- ARGV     1 what the keys of a reader begin with, before its name in braces, 2 TTL of a registration in s
local found = {}
for i = 4, #KEYS do
  table.insert(found, redis.call('LRANGE', KEYS[i], 0, -1))
end
local seen = {}
local from = {'-inf', '-inf', redis.call('TIME')[1] - ARGV[2]}
for i = 1, 3 do
  for _, owner in ipairs(redis.call('ZRANGEBYSCORE', KEYS[i], from[i], '+inf')) do
    if string.sub(owner, -1) ~= '!' and not seen[owner] then
      seen[owner] = true
      local base = ARGV[1] .. '{' .. owner .. '}:'
      for _, part in ipairs({'inflight', 'seized'}) do
        local record = redis.call('GET', base .. part)
        if record and string.byte(record) == 43 then  -- '+'
          table.insert(found, record)
        end
      end
    end
  end
end
return found
