-- $1: id, $2: attempts, $3: microseconds, $4: error
UPDATE {schema}.scheduled_commands
SET next_at = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + $3::bigint, owner = '', error = $4
WHERE id = $1 AND attempts = $2 AND state = 'waiting'
