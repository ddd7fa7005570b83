-- Writes the answer of a message to the stream KEYS[2], unless the mark KEYS[1] says that it was written before.
-- ARGV: milliseconds that the mark is kept; how many answers the stream keeps, about; the message's id; the answer.
-- Returns 1 if it was written now, and 0 if it was before.
if not redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) then
    return 0
end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', 'id', ARGV[3], 'answer', ARGV[4])
return 1
