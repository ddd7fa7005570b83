SELECT c.subscription, c.generation, c.lo, c.hi, c.version, g.role, c.position, l.owner
FROM {schema}.checkpoints AS c
JOIN {schema}.generations AS g ON g.subscription = c.subscription AND g.number = c.generation
LEFT JOIN {schema}.leases AS l
    ON l.subscription = c.subscription AND l.generation = c.generation AND l.lo = c.lo AND l.owner <> ''
    AND l.expires_at > (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
ORDER BY c.subscription, c.generation, c.lo
