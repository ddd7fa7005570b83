-- $1: subscription, $2: generation, $3: first bucket, $4: new last bucket, $5: token, $6: changes to add
UPDATE {schema}.checkpoints
SET hi = $4, token = $5, changes = changes + $6::bigint, counted_after = position, counted = 0, digest = 0
WHERE subscription = $1 AND generation = $2 AND lo = $3
