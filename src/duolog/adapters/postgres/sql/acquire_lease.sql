-- $1: subscription, $2: generation, $3: first bucket, $4: last bucket, $5: owner, $6: microseconds, $7: take over
-- The holder of an unexpired lease keeps its token. The checkpoint carries the token too, so that a former owner's
-- compare-and-set fails.
WITH clock AS (
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now
), lease AS (
    INSERT INTO {schema}.leases AS held (subscription, generation, lo, hi, owner, token, expires_at)
    SELECT $1, $2, $3, $4, $5, 1, now + $6::bigint FROM clock
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
