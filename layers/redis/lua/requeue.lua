-- Move entries of a reader's batch to the front of their queue, the first one foremost. Returns 1 if that was done now,
-- 0 if the batch is not in flight any more, or these entries are not part of what is.
-- KEYS[1]  record (see record.lua), expires after ARGV[2]
-- KEYS[2]  queue: list of entries, expires after ARGV[3]
-- KEYS[3]  wakeup: list of one, where readers wait
-- ARGV     1 the head of the batch's record, 2 TTL of the record in s, 3 TTL of the queue in ms, 4 how many entries stay in
--          flight (the others are settled with this), then these; then the entries to move
local record, stay = KEYS[1], tonumber(ARGV[4])
if redis.call('GETRANGE', record, 0, 15) ~= ARGV[1] then
  return 0
end
local first = 5 + stay
if ARGV[first] then
  if not string.find(redis.call('GET', record), ARGV[first], 17, true) then
    return 0
  end
  for i = #ARGV, first, -1 do
    redis.call('LPUSH', KEYS[2], ARGV[i])
  end
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
  notify(KEYS[3], ARGV[3])
end
if stay == 0 then
  redis.call('SETRANGE', record, 0, '-')
else
  redis.call('SET', record, pack_record(ARGV[1], KEYS[2], {unpack(ARGV, 5, 4 + stay)}), 'EX', ARGV[2])
end
return 1
