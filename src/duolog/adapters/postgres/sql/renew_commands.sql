-- $1: ids, $2: their attempts, $3: microseconds
UPDATE {schema}.scheduled_commands AS taken
SET next_at = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + $3::bigint
FROM unnest($1::uuid[], $2::integer[]) AS held(id, attempts)
WHERE taken.id = held.id AND taken.attempts = held.attempts AND taken.state = 'waiting'
