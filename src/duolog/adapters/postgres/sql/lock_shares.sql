-- $1: subscription, $2: generation; NULL for all of them
-- Those who commit a page end first, and nobody takes a lease that is known: first the leases, then the checkpoints.
-- The token of each share's last owner that anybody knows of.
WITH leased AS MATERIALIZED (
    SELECT generation, lo, token FROM {schema}.leases
    WHERE subscription = $1 AND ($2::integer IS NULL OR generation = $2)
    ORDER BY generation, lo FOR SHARE
), locked AS MATERIALIZED (
    SELECT c.subscription, c.generation, c.lo, c.hi, c.token FROM {schema}.checkpoints AS c
    WHERE c.subscription = $1 AND ($2::integer IS NULL OR c.generation = $2)
        AND (SELECT count(*) FROM leased) >= 0
    ORDER BY c.generation, c.lo FOR UPDATE
)
SELECT subscription, generation, lo, hi, greatest(locked.token, coalesce(leased.token, 0)) AS fence
FROM locked LEFT JOIN leased USING (generation, lo)
ORDER BY generation, lo
