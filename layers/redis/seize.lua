-- Take what is in flight away from a reader whose lease has expired. Returns the record, or an empty string.
-- KEYS[1]  record (see record.lua), expires after ARGV[1]
-- KEYS[2]  seized: what was a record, until it is counted
-- ARGV     1 TTL of the record in s
local record, seized = KEYS[1], KEYS[2]
if redis.call('EXISTS', seized) == 0 then
  local head = redis.call('GETRANGE', record, 0, 15)
  if string.byte(head) == 43 then  -- '+'
    redis.call('RENAME', record, seized)
    redis.call('SET', record, '-' .. string.sub(head, 2), 'EX', ARGV[1])
  end
end
return redis.call('GET', seized) or ''
