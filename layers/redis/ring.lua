-- Ring the bell of a queue that has got something: one reader that waits will look. Part of the scripts that append.
local function ring(bell, life_ms)
  if redis.call('EXISTS', bell) == 0 then
    redis.call('RPUSH', bell, '')
  end
  redis.call('PEXPIRE', bell, life_ms)
end
