-- $1: id, $2: state
DELETE FROM {schema}.scheduled_commands
WHERE id = $1 AND state = $2
    AND (owner = '' OR next_at <= (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
RETURNING 1
