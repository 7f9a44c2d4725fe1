-- Write the cards of sockets.
-- KEYS[1]  sockets: hash of local parts to cards (sealed), expires after ARGV[1]
-- KEYS[2]  states: hash of local parts to states (sealed), expires after ARGV[1]
-- ARGV     1 life of both in s, 2.. local part, card, local part, card ...
for i = 2, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[1])
