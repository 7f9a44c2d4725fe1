-- Replace an entry of a batch in flight by a new one at the end of its queue. Returns 1 if that was done now or before,
-- 0 if the entry is not in flight any more. An entry without others of its batch is settled with it.
-- KEYS[1]  record (see record.lua), expires after ARGV[2]
-- KEYS[2]  queue: list of entries (16-byte header sent_at, expires_at; then the body), expires after ARGV[4]
-- KEYS[3]  counts: hash of counters (sent), expires after ARGV[5]
-- KEYS[4]  wakeup: list of one, where readers wait
-- KEYS[5]  pushes: hash of queues to the number (15 digits) and the result of the writer's last push; expires ARGV[5]
--          after a queue was added
-- ARGV     1 the head of the batch's record, 2 TTL of the record in s, 3 expiry of a message in s, 4 life of the queue in
--          ms, 5 TTL of the other keys in s, 6 the number, with 15 digits, 7 entry, 8 body
local record, queue, pushes = KEYS[1], KEYS[2], KEYS[5]
local known = redis.call('HGET', pushes, queue)
if known and string.sub(known, 1, 15) >= ARGV[6] then
  return 1
end
if redis.call('GETRANGE', record, 0, 15) ~= ARGV[1] then
  return 0
end
local parts = unpack_record(redis.call('GET', record))
local place
for i = 2, #parts do
  if parts[i] == ARGV[7] then
    place = i
  end
end
if not place then
  return 0
end

if redis.call('HSET', pushes, queue, ARGV[6] .. '1') == 1 then
  redis.call('EXPIRE', pushes, ARGV[5])
end
local key = table.remove(parts, 1)
table.remove(parts, place - 1)
if #parts == 0 then
  redis.call('SETRANGE', record, 0, '-')
else
  redis.call('SET', record, pack_record(ARGV[1], key, parts), 'EX', ARGV[2])
end
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
redis.call('RPUSH', queue, struct.pack('>dd', now, now + ARGV[3]) .. ARGV[8])
redis.call('PEXPIRE', queue, ARGV[4])
notify(KEYS[4], ARGV[4])
redis.call('HINCRBY', KEYS[3], 'sent', 1)
redis.call('EXPIRE', KEYS[3], ARGV[5])
return 1
