-- Read entries of a list and leave them there; none follows a MiB of them (READ_BYTES in operation.py). Returns them.
-- KEYS[1]  list of entries
-- ARGV     1 index of the first, 2 how many at most
local at, last = tonumber(ARGV[1]), ARGV[1] + ARGV[2] - 1
local bytes, found = 0, {}
while at <= last and bytes < 1048576 do
  -- Few at a time: entries may be long, and those beyond are copied for nothing.
  local some = redis.call('LRANGE', KEYS[1], at, math.min(at + 15, last))
  for i = 1, #some do
    if bytes < 1048576 then
      found[#found + 1] = some[i]
      bytes = bytes + #some[i]
    end
  end
  at = #some < 16 and last + 1 or at + 16
end
return found
