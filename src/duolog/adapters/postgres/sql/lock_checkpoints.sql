-- $1: subscription, $2: generation
SELECT subscription, generation, lo, hi, version, position, token, updated_at, changes, counted_after, counted, digest
FROM {schema}.checkpoints
WHERE subscription = $1 AND generation = $2
ORDER BY lo FOR UPDATE
