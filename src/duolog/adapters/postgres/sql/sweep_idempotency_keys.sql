-- $1: age in microseconds, $2: limit
-- The key of a command that is still scheduled stays: it may have been executed by somebody who then died.
WITH old AS (
    SELECT ctid FROM {schema}.idempotency AS kept
    WHERE recorded_at <= (extract(epoch FROM statement_timestamp()) * 1000000)::bigint - $1::bigint
        AND NOT EXISTS (
            SELECT 1 FROM {schema}.scheduled_commands AS scheduled
            WHERE scheduled.id = CASE
                WHEN kept.key ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN kept.key::uuid
            END
        )
    ORDER BY recorded_at LIMIT $2
    FOR UPDATE SKIP LOCKED
), swept AS (
    DELETE FROM {schema}.idempotency WHERE ctid IN (SELECT ctid FROM old) RETURNING 1
)
SELECT count(*) AS swept FROM swept
