-- Return the lengths of lists, 0 for those that are missing.
-- KEYS     lists of entries
local found = {}
for position = 1, #KEYS do
  found[position] = redis.call('LLEN', KEYS[position])
end
return found
