-- $1: known, a JSON object from command to version
-- A command waits behind every earlier one of its key, also behind one that was set aside.
SELECT one.next_at - (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS microseconds
FROM {schema}.scheduled_commands AS one
WHERE one.state = 'waiting' AND one.version <= ($1::jsonb ->> one.command)::integer
    AND (one.key IS NULL OR NOT EXISTS (
        SELECT 1 FROM {schema}.scheduled_commands AS other
        WHERE other.tenant = one.tenant AND other.key = one.key
            AND (other.due_at, other.number) < (one.due_at, one.number)
    ))
ORDER BY one.next_at LIMIT 1
