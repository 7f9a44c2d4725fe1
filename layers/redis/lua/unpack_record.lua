-- Return the queue's key and the entries of a record (see record.lua), in one table.
local function unpack_record(record)
  local parts, at = {}, 17
  while at <= #record do
    local length = struct.unpack('>I4', string.sub(record, at, at + 3))
    parts[#parts + 1] = string.sub(record, at + 4, at + 3 + length)
    at = at + 4 + length
  end
  return parts
end
