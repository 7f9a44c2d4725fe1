-- Move the record of a reader whose lease has expired, and end its name: a take that is executed later finds nothing.
-- Returns the record, or an empty string.
-- KEYS[1]  record (see record.lua), expires after ARGV[1]
-- KEYS[2]  seized: the moved record, until it is counted
-- ARGV     1 TTL of the record in s, 2 the head of a settled batch with a number above all others
local record, seized = KEYS[1], KEYS[2]
if redis.call('EXISTS', seized) == 0 then
  if redis.call('GETRANGE', record, 0, 0) == '+' then
    redis.call('RENAME', record, seized)
  else
    redis.call('DEL', record)  -- needs no memory: then the rest is done, too, when memory is full
  end
  redis.call('SET', record, ARGV[2], 'EX', ARGV[1])
end
return redis.call('GET', seized) or ''
