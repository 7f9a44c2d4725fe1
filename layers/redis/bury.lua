-- Say that nothing more is to be done for a dead owner.
-- KEYS[1]  dead: sorted set of owners to be cared for, by the time (s) from which anybody may
-- KEYS[2]  graves: sorted set of owners that died, by the time (s) that was noticed
-- ARGV     1 owner, 2 '1' if it may live again under its name
redis.call('ZREM', KEYS[1], ARGV[1])
if ARGV[2] == '1' then
  redis.call('ZREM', KEYS[2], ARGV[1])
end
