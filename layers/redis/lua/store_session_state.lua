-- Write the new session state of a connection, if its will is registered.
-- KEYS[1]  wills: hash of local parts to wills
-- KEYS[2]  states: hash of local parts to session states (sealed), expires after ARGV[1]
-- ARGV     1 TTL of the states in s, 2 local part, 3 session state; empty: it has none any more
if redis.call('HEXISTS', KEYS[1], ARGV[2]) == 0 then
  return
end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[2], ARGV[2])
else
  redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
  redis.call('EXPIRE', KEYS[2], ARGV[1])
end
