-- Read some wills of an inbox; none after a MiB of them and of states (READ_BYTES in operation.py), but for a few that Redis
-- returns together (all of a hash of wills below 64 bytes; those of connections are longer).
-- Returns {cursor, {local part, will, ...}, {session state or false, ...}}.
-- KEYS[1]  wills: hash of local parts to wills
-- KEYS[2]  states: hash of local parts to session states
-- ARGV     1 cursor, 2 about how many
local cursor, wills, states, bytes = ARGV[1], {}, {}, 0
repeat
  local page = redis.call('HSCAN', KEYS[1], cursor, 'COUNT', 16)
  cursor = page[1]
  for i = 1, #page[2], 2 do
    local state = redis.call('HGET', KEYS[2], page[2][i])
    wills[#wills + 1] = page[2][i]
    wills[#wills + 1] = page[2][i + 1]
    states[#states + 1] = state
    bytes = bytes + #page[2][i + 1] + (state and #state or 0)
  end
until cursor == '0' or #states >= tonumber(ARGV[2]) or bytes >= 1048576
return {cursor, wills, states}
