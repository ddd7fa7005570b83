SELECT g.subscription, g.number, g.version, g.role, g.since, g.tables FROM duolog_generations AS g
JOIN duolog_generations AS live ON live.subscription = g.subscription AND live.role = 'live'
WHERE g.subscription = :subscription AND g.role = 'previous' AND g.number < live.number AND g.since <= :until
ORDER BY g.number
