-- Record what a reader has taken.
-- KEYS[1]  hand: list, the queue's key and then entries of it; expires after ARGV[1]
-- ARGV     1 life of the hand in s, 2 key of the queue, 3.. entries
redis.call('DEL', KEYS[1])
redis.call('RPUSH', KEYS[1], unpack(ARGV, 2))
redis.call('EXPIRE', KEYS[1], ARGV[1])
