-- Fence a writer: its pushes are refused from now on.
-- KEYS[1]  pushes: hash of the writer's last pushes, and `fenced`; expires after ARGV[1]
-- ARGV     1 TTL of the hash in s
redis.call('HSET', KEYS[1], 'fenced', 1)
redis.call('EXPIRE', KEYS[1], ARGV[1])
