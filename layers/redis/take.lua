-- Take entries from the first queue that has any. Returns {index of the key, seconds, microseconds, entries}, or nil.
-- KEYS  queues, in the order to try: lists of entries
--       and then, if a reader takes, its hand: list, the queue's key and then what it took; expires after ARGV[1]
-- ARGV  1 life of the hand in s, 2.. how many to take at most, for each queue
-- (A list is the cheapest record: 3 us a take, 0.4 us a message in batches of 16; cmsgpack or a joined string: twice.)
local hand = KEYS[#ARGV]
if hand then
  redis.call('DEL', hand)
end
for i = 1, #ARGV - 1 do
  local entries = redis.call('LPOP', KEYS[i], ARGV[i + 1])
  if entries and #entries > 0 then
    if hand then
      redis.call('RPUSH', hand, KEYS[i], unpack(entries))
      redis.call('EXPIRE', hand, ARGV[1])
    end
    local time = redis.call('TIME')
    return {i, time[1], time[2], entries}
  end
end
return nil
