-- Remove a seized batch, and count its entries as lost, once.
-- KEYS[1]  seized: the moved record of a reader
-- KEYS[2]  counts: hash of counters (lost), expires after ARGV[2]
-- ARGV     1 how many entries, 2 TTL of the counts in s
if redis.call('DEL', KEYS[1]) == 1 then
  redis.call('HINCRBY', KEYS[2], 'lost', ARGV[1])
  redis.call('EXPIRE', KEYS[2], ARGV[2])
end
