SELECT s.subscription, s.generation, s.lo, s.hi, s.after, s.through, s.counted, s.digest
FROM duolog_stretches AS s
JOIN duolog_generations AS g ON g.subscription = s.subscription AND g.number = s.generation AND g.role = 'live'
ORDER BY s.subscription, s.generation, s.lo, s.through
