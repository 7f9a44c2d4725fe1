-- Close a reader's record. A take that is executed later finds a number above its own, and does nothing.
-- A batch in flight that the reader has not seen stays: returns its record, and changes nothing.
-- KEYS[1]  record (see record.lua), expires after ARGV[1]
-- KEYS[2]  pushes: hash of the reader's last pushes
-- KEYS[3]  readers: sorted set of readers
-- ARGV     1 TTL of the record in s, 2 reader, 3 the head of a settled batch with a number above all others, 4 the head
--          of the last batch that the reader has seen
if redis.call('GETRANGE', KEYS[1], 0, 15) > ARGV[4] then  -- '-' is above '+'
  local record = redis.call('GET', KEYS[1])
  if string.byte(record) == 43 then  -- '+'
    return record
  end
end
redis.call('ZREM', KEYS[3], ARGV[2])  -- first, since it needs no memory: then the rest is done, too, when memory is full
redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[1])
redis.call('HSET', KEYS[2], 'fenced', 1)
redis.call('EXPIRE', KEYS[2], ARGV[1])
