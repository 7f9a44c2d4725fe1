-- Remove members of an inbox, or a plain channel, from a group; the last member with the mark.
-- KEYS[1]  marks: sorted set of inboxes and plain channels by the time they expire
-- KEYS[2]  members: set of local parts in this inbox
-- ARGV     1 mark, 2.. local parts (none for a plain channel)
for i = 2, #ARGV do
  redis.call('SREM', KEYS[2], ARGV[i])
end
if redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('ZREM', KEYS[1], ARGV[1])
end
