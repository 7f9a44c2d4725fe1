-- List the unexpired marks of a group.
-- KEYS[1]  marks: sorted set of inboxes and plain channels by the time (s) they expire
local time = redis.call('TIME')
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. time[1] + time[2] / 1000000, '+inf')
