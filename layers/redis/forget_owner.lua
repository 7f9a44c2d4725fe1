-- Forget an expired owner: nothing is left to do for it.
-- KEYS[1]  expired: sorted set of expired owners by the time (s) from which they can be claimed
-- KEYS[2]  tombstones: sorted set of expired owners by the time (s) at which that was noticed
-- ARGV     1 owner, 2 '1' if it may hold a lease again under its name
redis.call('ZREM', KEYS[1], ARGV[1])
if ARGV[2] == '1' then
  redis.call('ZREM', KEYS[2], ARGV[1])
end
