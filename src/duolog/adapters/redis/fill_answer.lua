-- Keeps an answer under KEYS[1] unless a newer one is kept there.
-- ARGV: what the views had come to, as text of fixed width; the rest of the entry; milliseconds to keep it.
-- Returns 1 if it is kept, else 0.
local known = redis.call('GETRANGE', KEYS[1], 0, #ARGV[1] - 1)
if #known == #ARGV[1] and known > ARGV[1] then
    return 0
end
redis.call('SET', KEYS[1], ARGV[1] .. ARGV[2], 'PX', ARGV[3])
return 1
