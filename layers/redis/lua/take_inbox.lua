-- Take entries from an inbox: see pop_some.lua. Returns them.
-- KEYS[1]  inbox: list of entries
-- ARGV     1 how many at most, 2 TTL of the inbox in ms
return (pop_some(KEYS[1], ARGV[1], ARGV[2]))
