-- Move entries of a reader's batch to the front of their queue, the first one foremost. Returns 1 if that was done now,
-- 0 if the batch is not in flight any more, or these entries are not part of what is.
-- KEYS[1]  record: list of the batch's number, the queue's key, entries; expires after ARGV[2]
-- KEYS[2]  settled: number of the reader's last settled batch, expires after ARGV[2]
-- KEYS[3]  queue: list of entries, expires after ARGV[3]
-- KEYS[4]  wakeup: list of one, where readers wait
-- ARGV     1 number of the batch, 2 life of the record in s, 3 life of the queue in ms, 4 how many entries stay in
--          flight (the others are settled with this), then these; then the entries to move
local record, settled, stay = KEYS[1], KEYS[2], tonumber(ARGV[4])
if redis.call('LINDEX', record, 0) ~= ARGV[1] or tonumber(redis.call('GET', settled) or 0) >= tonumber(ARGV[1]) then
  return 0
end
local first = 5 + stay
if ARGV[first] then
  local is_there = false
  for _, entry in ipairs(redis.call('LRANGE', record, 2, -1)) do
    is_there = is_there or entry == ARGV[first]
  end
  if not is_there then
    return 0
  end
  for i = #ARGV, first, -1 do
    redis.call('LPUSH', KEYS[3], ARGV[i])
  end
  redis.call('PEXPIRE', KEYS[3], ARGV[3])
  notify(KEYS[4], ARGV[3])
end
if stay == 0 then
  redis.call('SET', settled, ARGV[1], 'EX', ARGV[2])
else
  redis.call('DEL', record)
  redis.call('RPUSH', record, ARGV[1], KEYS[3], unpack(ARGV, 5, 4 + stay))
  redis.call('EXPIRE', record, ARGV[2])
end
return 1
