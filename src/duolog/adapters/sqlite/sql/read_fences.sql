-- The token of each share's last owner that anybody knows of.
SELECT c.subscription, c.generation, c.lo, c.hi, max(c.token, coalesce(l.token, 0)) FROM duolog_checkpoints AS c
LEFT JOIN duolog_leases AS l ON l.subscription = c.subscription AND l.generation = c.generation AND l.lo = c.lo
WHERE c.subscription = :subscription
ORDER BY c.generation, c.lo
