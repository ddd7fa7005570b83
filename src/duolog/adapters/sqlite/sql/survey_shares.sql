SELECT c.subscription, c.generation, c.lo, c.hi, c.version, g.role, c.position, l.owner
FROM duolog_checkpoints AS c
JOIN duolog_generations AS g ON g.subscription = c.subscription AND g.number = c.generation
LEFT JOIN duolog_leases AS l
    ON l.subscription = c.subscription AND l.generation = c.generation AND l.lo = c.lo AND l.owner <> ''
    AND l.expires_at > :now
ORDER BY c.subscription, c.generation, c.lo
