-- Append entries to a list: a thousand in one command, since Lua's stack is bounded. Returns the list's length; nil if there
-- are none. Part of scripts that append.
local function append(list, entries)
  if #entries == 1 then
    return redis.call('RPUSH', list, entries[1])
  end
  local length
  for i = 1, #entries, 1000 do
    length = redis.call('RPUSH', list, unpack(entries, i, math.min(i + 999, #entries)))
  end
  return length
end
