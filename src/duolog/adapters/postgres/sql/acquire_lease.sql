-- $1: subscription, $2: owner, $3: microseconds, $4: take over
-- The holder of an unexpired lease keeps its token. The checkpoint carries the token too, so that a former owner's
-- compare-and-set fails.
WITH clock AS (
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now
), lease AS (
    INSERT INTO {schema}.leases AS held (subscription, owner, token, expires_at)
    SELECT $1, $2, 1, now + $3::bigint FROM clock
    ON CONFLICT (subscription) DO UPDATE
    SET owner = excluded.owner,
        token = CASE
            WHEN held.owner = excluded.owner AND held.expires_at > excluded.expires_at - $3::bigint THEN held.token
            ELSE held.token + 1
        END,
        expires_at = excluded.expires_at
    WHERE held.owner IN ('', excluded.owner) OR held.expires_at <= excluded.expires_at - $3::bigint OR $4::boolean
    RETURNING token, expires_at
), fenced AS (
    UPDATE {schema}.checkpoints AS checkpoint SET token = lease.token
    FROM lease
    WHERE checkpoint.subscription = $1 AND checkpoint.token <> lease.token
)
SELECT token, expires_at FROM lease
