-- Register wills.
-- KEYS[1]  wills: hash of local parts to wills (sealed), expires after ARGV[1]
-- KEYS[2]  states: hash of local parts to session states (sealed), expires after ARGV[1]
-- KEYS[3]  pushes: hash of the inbox's last pushes, expires after ARGV[1]
-- ARGV     1 TTL of all in s, 2.. local part, will, local part, will ...
for i = 2, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
for i = 1, 3 do
  redis.call('EXPIRE', KEYS[i], ARGV[1])
end
