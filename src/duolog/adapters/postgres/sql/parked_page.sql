-- $1: subscription, $2: position; $3: limit
SELECT p.subscription, p.generation, p.tenant, p.key, p.position, p.type, p.reason, p.error, p.traceback, p.parked_at
FROM {schema}.parked AS p
JOIN {schema}.generations AS g ON g.subscription = p.subscription AND g.number = p.generation AND g.role = 'live'
WHERE (p.subscription COLLATE "C", p.position) > ($1, $2)
ORDER BY p.subscription COLLATE "C", p.position LIMIT $3
