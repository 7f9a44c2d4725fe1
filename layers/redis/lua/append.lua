-- Append entries to a list: a thousand in one command, since Lua's stack is bounded. Part of scripts that append.
local function append(list, entries)
  if #entries == 1 then
    redis.call('RPUSH', list, entries[1])
    return
  end
  for i = 1, #entries, 1000 do
    redis.call('RPUSH', list, unpack(entries, i, math.min(i + 999, #entries)))
  end
end
