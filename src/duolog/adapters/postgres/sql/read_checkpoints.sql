-- $1: subscription
SELECT c.subscription, c.generation, c.lo, c.hi, c.version, c.position, c.token, c.updated_at, c.changes, c.counted_after, c.counted, c.digest
FROM {schema}.checkpoints AS c
JOIN {schema}.generations AS g ON g.subscription = c.subscription AND g.number = c.generation AND g.role = 'live'
WHERE c.subscription = $1
ORDER BY c.lo
