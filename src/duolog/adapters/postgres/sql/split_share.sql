-- $1: subscription, $2: generation, $3: first bucket of the share, $4: first bucket of its upper half
INSERT INTO {schema}.checkpoints (
    subscription, generation, lo, hi, version, position, token, updated_at, changes, counted_after, counted, digest
)
SELECT c.subscription, c.generation, $4, c.hi, c.version, c.position, coalesce(l.token, 0), c.updated_at, c.changes,
    c.position, 0, 0
FROM {schema}.checkpoints AS c
LEFT JOIN {schema}.leases AS l ON l.subscription = c.subscription AND l.generation = c.generation AND l.lo = $4
WHERE c.subscription = $1 AND c.generation = $2 AND c.lo = $3
