-- Read some wills of an inbox. Returns {cursor, {local part, will, ...}, {session state or false, ...}}.
-- KEYS[1]  wills: hash of local parts to wills
-- KEYS[2]  states: hash of local parts to session states
-- ARGV     1 cursor, 2 about how many
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local states = {}
for i = 1, #page[2], 2 do
  table.insert(states, redis.call('HGET', KEYS[2], page[2][i]))
end
return {page[1], page[2], states}
