-- Take entries from the first queue that has any. Returns {index of the key, seconds, microseconds, entries}, or nil.
-- With a record, the entries become the reader's batch; a batch with the same number, whose answer was lost, is
-- returned again: {0, seconds, microseconds, entries, the queue's key}. While the batch before is not settled, because
-- what should have settled it was refused, nothing is taken.
-- KEYS  n queues, in the order to try: lists of entries
--       n wakeups, one for each queue: lists of one, where readers wait; there while the queue holds something, but for
--       the moment between a reader's wait, which takes it, and its take, which is written with the wait
--       and then, for a reader, its record: list of the batch's number, the queue's key, entries; expires after ARGV[1];
--       and settled: number of its last settled batch
-- ARGV  1 life of the record in s, 2 life of a wakeup in ms, 3 '1' if the reader has waited and taken a wakeup,
--       4.. how many to take at most, n times; last: number of the batch
-- (A list is the cheapest record: 3 us a take, 0.4 us a message in batches of 16; cmsgpack or a joined string: twice.)
local n = #ARGV - 4
local record = KEYS[2 * n + 1]
local has_waited = ARGV[3] == '1'
local taken
local number = record and tonumber(redis.call('LINDEX', record, 0) or 0) or 0
if number > 0 and number >= tonumber(ARGV[#ARGV]) then
  local known = redis.call('LRANGE', record, 1, -1)
  local time = redis.call('TIME')
  taken = #known > 1 and {0, time[1], time[2], {unpack(known, 2)}, known[1]} or {-1}
elseif number > 0 and tonumber(redis.call('GET', KEYS[2 * n + 2]) or 0) < number then
  taken = {-1}
end

for i = 1, n do
  if not taken then
    local entries = redis.call('LPOP', KEYS[i], ARGV[i + 3])
    if entries and #entries > 0 then
      if record then
        redis.call('DEL', record)
        redis.call('RPUSH', record, ARGV[#ARGV], KEYS[i], unpack(entries))
        redis.call('EXPIRE', record, ARGV[1])
      end
      local time = redis.call('TIME')
      taken = {i, time[1], time[2], entries}
    end
  end
  if taken and (has_waited or taken[1] == i) then
    local is_left = redis.call('EXISTS', KEYS[i]) == 1
    if is_left and has_waited then
      notify(KEYS[n + i], ARGV[2])
    elseif not is_left and not has_waited then
      redis.call('DEL', KEYS[n + i])
    end
  end
end
return taken and taken[1] >= 0 and taken or nil
