-- Settle a reader's batch, if it is in flight, or an earlier one, restored with older data.
-- KEYS[1]  record (see record.lua)
-- ARGV     1 the head of the batch's record
local head = redis.call('GETRANGE', KEYS[1], '0', '15')
if head ~= '' and head <= ARGV[1] then  -- '-' is above '+'
  redis.call('SETRANGE', KEYS[1], '0', '-')
end
