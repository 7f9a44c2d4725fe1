-- Forget sockets with their states.
-- KEYS[1]  sockets: hash of local parts to cards
-- KEYS[2]  states: hash of local parts to states
-- ARGV     local parts
for i = 1, #ARGV do
  redis.call('HDEL', KEYS[1], ARGV[i])
  redis.call('HDEL', KEYS[2], ARGV[i])
end
