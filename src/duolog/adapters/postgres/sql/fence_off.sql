-- $1: subscription, $2: generations
-- Nobody holds them any more, and whoever did cannot commit: checkpoints carry the new tokens too.
WITH fenced AS (
    INSERT INTO {schema}.leases AS held (subscription, generation, lo, hi, owner, token, expires_at)
    SELECT subscription, generation, lo, hi, '', token + 1, 0 FROM {schema}.checkpoints
    WHERE subscription = $1 AND generation = ANY($2::integer[])
    ON CONFLICT (subscription, generation, lo) DO UPDATE
    SET owner = '', token = greatest(held.token + 1, excluded.token), expires_at = 0
    RETURNING generation, lo, token
)
UPDATE {schema}.checkpoints AS c SET token = fenced.token
FROM fenced
WHERE c.subscription = $1 AND c.generation = fenced.generation AND c.lo = fenced.lo
