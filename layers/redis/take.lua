-- Take entries from the first queue that has any. Returns {index of the key, seconds, microseconds, entries}, or nil.
-- KEYS  queues, in the order to try: lists of entries
-- ARGV  how many to take at most, for each queue
for i, queue in ipairs(KEYS) do
  local entries = redis.call('LPOP', queue, ARGV[i])
  if entries and #entries > 0 then
    local time = redis.call('TIME')
    return {i, time[1], time[2], entries}
  end
end
return nil
