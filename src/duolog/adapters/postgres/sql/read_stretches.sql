-- $1: subscription, $2: generation
SELECT subscription, generation, lo, hi, after, through, counted, digest FROM {schema}.stretches
WHERE subscription = $1 AND generation = $2
ORDER BY through, lo
