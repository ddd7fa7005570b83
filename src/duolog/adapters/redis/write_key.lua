-- Writes KEYS[1] if it was last written by an earlier event of the same log.
-- ARGV: identity of the log; guard of this write; 'put' or 'delete'; the value; milliseconds that a deletion is kept.
-- Returns 1 if it took effect, 0 if not, and the identity of the other log if the key was written from one.
local known = redis.call('HMGET', KEYS[1], 'log', 'guard')
if known[1] and known[1] ~= ARGV[1] then
    return known[1]
end
if known[2] and known[2] >= ARGV[2] then
    return 0
end
if ARGV[3] == 'put' then
    redis.call('HSET', KEYS[1], 'log', ARGV[1], 'guard', ARGV[2], 'value', ARGV[4])
    redis.call('PERSIST', KEYS[1])
else
    redis.call('HDEL', KEYS[1], 'value')
    redis.call('HSET', KEYS[1], 'log', ARGV[1], 'guard', ARGV[2])
    redis.call('PEXPIRE', KEYS[1], ARGV[5])
end
return 1
