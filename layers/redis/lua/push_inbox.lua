-- Append entries to an inbox. Deliveries (D) and group messages (G, H) are refused above the capacity, all others never:
-- a settlement, join or leave that is lost would leave its connection in a wrong state. Returns how many were refused.
-- KEYS[1]  inbox: list of entries (kind byte, then the body), expires after ARGV[2]
-- KEYS[2]  counts: hash of counters (full), expires after ARGV[3]
-- KEYS[3]  record (where a batch is settled with the entries; see record.lua)
-- ARGV     1 capacity, 2 TTL of the inbox in ms, 3 TTL of the counts in s; with KEYS[3], the head of the batch's record;
--          then the entries
local inbox, counts = KEYS[1], KEYS[2]
local entries, refused, waiting = {}, 0, nil
for i = KEYS[3] and 5 or 4, #ARGV do
  local kind = string.byte(ARGV[i])
  local is_refusable = kind == 68 or kind == 71 or kind == 72  -- 'D', 'G', 'H'
  if is_refusable then
    waiting = waiting or redis.call('LLEN', inbox)
  end
  if is_refusable and waiting + #entries >= tonumber(ARGV[1]) then
    refused = refused + 1
  else
    entries[#entries + 1] = ARGV[i]
  end
end
append(inbox, entries)
redis.call('PEXPIRE', inbox, ARGV[2])
if KEYS[3] then
  local head = redis.call('GETRANGE', KEYS[3], '0', '15')
  if head ~= '' and head <= ARGV[4] then  -- '-' is above '+'; an earlier batch may come with older data
    redis.call('SETRANGE', KEYS[3], '0', '-')
  end
end
if refused > 0 then
  redis.call('HINCRBY', counts, 'full', refused)
  redis.call('EXPIRE', counts, ARGV[3])
end
return refused
