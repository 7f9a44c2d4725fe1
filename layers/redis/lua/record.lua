-- The in-flight record of a reader: a string. Its head, 16 bytes: '+' for a batch in flight, '-' for one that is settled,
-- and the batch's number with 15 digits. Then the queue's key and each entry, with a length (4 bytes) before each. Part of
-- scripts that write and read it whole. (A string is written by one command; a list takes three.)
local function pack_record(head, queue, entries)
  if #entries == 1 then  -- the common case, without a table
    return head .. struct.pack('>I4', #queue) .. queue .. struct.pack('>I4', #entries[1]) .. entries[1]
  end
  local parts = {head, struct.pack('>I4', #queue), queue}
  for i = 1, #entries do
    parts[2 * i + 2] = struct.pack('>I4', #entries[i])
    parts[2 * i + 3] = entries[i]
  end
  return table.concat(parts)
end
