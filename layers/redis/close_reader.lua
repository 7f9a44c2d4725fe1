-- Forget a reader's record. A take of it that is executed later finds a number above its own, and nothing behind it.
-- KEYS[1]  record: list of the batch's number, the queue's key, entries; expires after ARGV[1]
-- KEYS[2]  settled: number of the reader's last settled batch
-- KEYS[3]  pushes: hash of what is known of the reader's last pushes
-- KEYS[4]  readers: sorted set of readers
-- ARGV     1 life of the record in s, 2 reader, 3 a number above all others
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('RPUSH', KEYS[1], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[3], 'fenced', 1)
redis.call('EXPIRE', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[2])
