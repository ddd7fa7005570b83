-- $1: subscription, $2: generation, $3: first bucket, $4: last bucket
SELECT subscription, generation, lo, hi, version, position, token, updated_at, changes, counted_after, counted, digest
FROM {schema}.checkpoints
WHERE subscription = $1 AND generation = $2 AND lo = $3 AND hi = $4
