-- $1: known, a JSON object from command to version; $2: limit; $3: microseconds; $4: owner
WITH clock AS MATERIALIZED (
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now
), due AS MATERIALIZED (
    SELECT one.number FROM {schema}.scheduled_commands AS one
    WHERE one.state = 'waiting' AND one.next_at <= (SELECT now FROM clock)
        AND one.version <= ($1::jsonb ->> one.command)::integer
        AND (one.key IS NULL OR NOT EXISTS (
            SELECT 1 FROM {schema}.scheduled_commands AS other
            WHERE other.tenant = one.tenant AND other.key = one.key
                AND (other.due_at, other.number) < (one.due_at, one.number)
        ))
    ORDER BY one.next_at, one.number LIMIT $2
    FOR UPDATE OF one SKIP LOCKED
)
UPDATE {schema}.scheduled_commands AS taken
SET next_at = (SELECT now FROM clock) + $3::bigint, owner = $4, attempts = taken.attempts + 1
FROM due WHERE taken.number = due.number
RETURNING taken.id, tenant, command, version, payload, metadata, key, scheduled_at, due_at, next_at, state, owner, attempts,
    error, traceback
