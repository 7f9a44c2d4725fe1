-- Take what is in flight away from a reader whose lease has expired. Returns {number, the queue's key, entries ...}, or {}.
-- KEYS[1]  record: list of the batch's number, the queue's key, entries
-- KEYS[2]  settled: number of the reader's last settled batch, expires after ARGV[1]
-- KEYS[3]  seized: what was a record, until it is counted
-- ARGV     1 life of each in s
local record, settled, seized = KEYS[1], KEYS[2], KEYS[3]
if redis.call('EXISTS', seized) == 0 then
  local number = redis.call('LINDEX', record, 0)
  if number and tonumber(number) > tonumber(redis.call('GET', settled) or 0) and redis.call('LLEN', record) > 2 then
    redis.call('RENAME', record, seized)
    redis.call('SET', settled, number, 'EX', ARGV[1])
    redis.call('RPUSH', record, number)
    redis.call('EXPIRE', record, ARGV[1])
  end
end
return redis.call('LRANGE', seized, 0, -1)
