SELECT c.subscription, c.generation, c.lo, c.hi, c.version, c.position, c.token, c.updated_at, c.changes, c.counted_after, c.counted, c.digest
FROM duolog_checkpoints AS c
JOIN duolog_generations AS g ON g.subscription = c.subscription AND g.number = c.generation AND g.role = 'live'
ORDER BY c.subscription, c.generation, c.lo
