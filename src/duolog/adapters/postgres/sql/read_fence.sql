-- $1: subscription, $2: generation, $3: first bucket
SELECT greatest(
    (SELECT token FROM {schema}.leases WHERE subscription = $1 AND generation = $2 AND lo = $3),
    (SELECT token FROM {schema}.checkpoints WHERE subscription = $1 AND generation = $2 AND lo = $3)
)
