-- Notify one of the readers that wait for a queue, which has entries now. Part of the scripts that append.
local function notify(wakeup, life_ms)
  if redis.call('EXISTS', wakeup) == 0 then
    redis.call('RPUSH', wakeup, '')
    redis.call('PEXPIRE', wakeup, life_ms)
  end
end
