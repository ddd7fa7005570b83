SELECT p.subscription, p.generation, p.tenant, p.key, p.position, p.type, p.reason, p.error, p.traceback, p.parked_at
FROM duolog_parked AS p
JOIN duolog_generations AS g ON g.subscription = p.subscription AND g.number = p.generation AND g.role = 'live'
WHERE (p.subscription, p.position) > (:subscription, :position)
ORDER BY p.subscription, p.position LIMIT :limit
