-- Remove read entries from an inbox, if they are still in front.
-- KEYS[1]  inbox: list of entries
-- ARGV     1 how many, 2 index of the last of them, 3 its length, 4 its first bytes
local last = redis.call('LINDEX', KEYS[1], ARGV[2])
if last and #last == tonumber(ARGV[3]) and string.sub(last, 1, #ARGV[4]) == ARGV[4] then
  redis.call('LTRIM', KEYS[1], ARGV[1], '-1')
end
