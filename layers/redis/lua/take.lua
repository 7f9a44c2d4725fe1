-- Take entries from the first queue that has any. Returns {index of the key, seconds, microseconds, entries}, or nil.
-- With a record, the entries become the reader's batch; a batch with the same number, whose answer was lost, is
-- returned again: {0, seconds, microseconds, entries, the queue's key}. While the previous batch is not settled, because
-- its settlement was refused, no entries are taken. For a reader whose name has ended: -1. None is taken after a
-- MiB of entries (see pop_some.lua).
-- KEYS  n queues, in the order to try: lists of entries
--       n wakeups, one for each queue: lists of one, where readers wait; present while the queue has entries, except in
--       the moment between a reader's wait, which takes it, and its take, which is written with the wait
--       and then, for a reader, its record (see record.lua), which expires after ARGV[1]
-- ARGV  1 TTL of the record in s, 2 TTL of a wakeup and of a queue in ms, 3 '1' if the reader has waited and taken a wakeup,
--       4.. how many to take at most, n times; last: the head of the batch's record
local n = #ARGV - 4
local record = KEYS[2 * n + 1]
local has_waited = ARGV[3] == '1'
local taken, has_ended, is_long
local head = record and redis.call('GETRANGE', record, '0', '15') or ''
if head ~= '' then
  local is_settled = string.byte(head) == 45  -- '-'
  if string.sub(head, 2) >= string.sub(ARGV[#ARGV], 2) then
    local known = is_settled and {} or unpack_record(redis.call('GET', record))
    local time = redis.call('TIME')
    taken = #known > 1 and {0, time[1], time[2], {unpack(known, 2)}, known[1]} or {-1}
    has_ended = head == '-999999999999999'
  elseif not is_settled then
    taken = {-1}
  end
end

for i = 1, n do
  if not taken then
    local entries
    entries, is_long = pop_some(KEYS[i], ARGV[i + 3], ARGV[2])
    if #entries > 0 then
      if record then
        local packed = pack_record(ARGV[#ARGV], KEYS[i], entries)
        if head == '' then
          redis.call('SET', record, packed, 'EX', ARGV[1])
        else
          redis.call('SET', record, packed, 'KEEPTTL')
        end
      end
      local time = redis.call('TIME')
      taken = {i, time[1], time[2], entries}
    end
  end
  if taken and (has_waited or taken[1] == i) then
    -- A queue that gave fewer than were asked for is empty, unless they are long.
    local is_emptied = taken[1] == i and not is_long and #taken[4] < tonumber(ARGV[i + 3])
    local is_left = not is_emptied and redis.call('EXISTS', KEYS[i]) == 1
    if is_left and has_waited then
      notify(KEYS[n + i], ARGV[2])
    elseif not is_left and not has_waited then
      redis.call('DEL', KEYS[n + i])
    end
  end
end
if has_ended then
  return -1
end
return taken and taken[1] >= 0 and taken or nil
