-- Settle a reader's batch, if it is in flight.
-- KEYS[1]  record (see record.lua)
-- ARGV     1 the head of the batch's record
if redis.call('GETRANGE', KEYS[1], '0', '15') == ARGV[1] then
  redis.call('SETRANGE', KEYS[1], '0', '-')
end
