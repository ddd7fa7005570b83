-- $1: age in microseconds, $2: limit
WITH old AS (
    SELECT ctid FROM {schema}.idempotency
    WHERE recorded_at <= (extract(epoch FROM statement_timestamp()) * 1000000)::bigint - $1::bigint
    ORDER BY recorded_at LIMIT $2
    FOR UPDATE SKIP LOCKED
), swept AS (
    DELETE FROM {schema}.idempotency WHERE ctid IN (SELECT ctid FROM old) RETURNING 1
)
SELECT count(*) AS swept FROM swept
