-- Put entries back to the front of a queue, the first one foremost.
-- KEYS[1]  queue: list of entries, expires after ARGV[1]
-- KEYS[2]  bell: list of one, where readers wait
-- ARGV     1 life of the queue in ms, 2.. entries
for i = #ARGV, 2, -1 do
  redis.call('LPUSH', KEYS[1], ARGV[i])
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
ring(KEYS[2], ARGV[1])
