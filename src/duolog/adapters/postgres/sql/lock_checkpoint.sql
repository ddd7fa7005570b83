-- $1: subscription, $2: generation, $3: first bucket
SELECT FROM {schema}.checkpoints WHERE subscription = $1 AND generation = $2 AND lo = $3 FOR UPDATE
