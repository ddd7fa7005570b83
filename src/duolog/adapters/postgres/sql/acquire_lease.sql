-- $1: subscription, $2: generation, $3: first bucket, $4: last bucket, $5: owner, $6: microseconds, $7: take over
-- The holder of an unexpired lease keeps its token. The checkpoint carries the token too, so that a former owner's
-- compare-and-set fails. A checkpoint that somebody has locked is in the middle of a page, perhaps of a former owner that
-- stands still: nobody waits for that but who takes over, since the leases of whoever waits would expire meanwhile.
WITH clock AS (
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now
), known AS MATERIALIZED (
    SELECT token FROM {schema}.leases WHERE subscription = $1 AND generation = $2 AND lo = $3 FOR UPDATE
), unlocked AS MATERIALIZED (
    SELECT token FROM {schema}.checkpoints
    WHERE subscription = $1 AND generation = $2 AND lo = $3 AND (SELECT count(*) FROM known) >= 0 -- the lease comes first
    FOR UPDATE SKIP LOCKED
), lease AS (
    INSERT INTO {schema}.leases AS held (subscription, generation, lo, hi, owner, token, expires_at)
    SELECT $1, $2, $3, $4, $5, 1, now + $6::bigint FROM clock
    WHERE $7::boolean OR EXISTS (SELECT FROM unlocked) OR NOT EXISTS (
        SELECT FROM {schema}.checkpoints WHERE subscription = $1 AND generation = $2 AND lo = $3
    )
    ON CONFLICT (subscription, generation, lo) DO UPDATE
    SET hi = excluded.hi,
        owner = excluded.owner,
        token = CASE
            WHEN held.owner = excluded.owner AND held.expires_at > excluded.expires_at - $6::bigint THEN held.token
            ELSE held.token + 1
        END,
        expires_at = excluded.expires_at
    WHERE held.owner IN ('', excluded.owner) OR held.expires_at <= excluded.expires_at - $6::bigint OR $7::boolean
    RETURNING token, expires_at
), fenced AS (
    UPDATE {schema}.checkpoints AS checkpoint SET token = lease.token
    FROM lease
    WHERE checkpoint.subscription = $1 AND checkpoint.generation = $2 AND checkpoint.lo = $3
        AND checkpoint.token <> lease.token
)
SELECT token, expires_at FROM lease
