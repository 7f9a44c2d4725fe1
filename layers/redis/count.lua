-- Add to a counter.
-- KEYS[1]  counts: hash of counters, expires after ARGV[3]
-- ARGV     1 counter, 2 amount, 3 life of the counts in s
redis.call('HINCRBY', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
