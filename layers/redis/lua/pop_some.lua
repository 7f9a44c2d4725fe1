-- Take entries from the front of a list, up to `most`; none is taken after a MiB of them (READ_BYTES in operation.py). What
-- was popped beyond goes back, and then the list expires after `life_ms`. Returns the entries, and whether they are a MiB
-- or more. Part of scripts that take.
local function pop_some(list, most, life_ms)
  local left, bytes, taken = tonumber(most), 0, {}
  repeat
    local count = left < 8 and left or 8  -- few at a time: entries may be long, and those beyond are copied for nothing
    local some = redis.call('LPOP', list, count) or {}
    for i = 1, #some do
      if bytes >= 1048576 then
        for j = #some, i, -1 do
          redis.call('LPUSH', list, some[j])
        end
        redis.call('PEXPIRE', list, life_ms)
        return taken, true
      end
      taken[#taken + 1] = some[i]
      bytes = bytes + #some[i]
    end
    left = left - count
  until #some < count or left == 0 or bytes >= 1048576
  return taken, bytes >= 1048576
end
