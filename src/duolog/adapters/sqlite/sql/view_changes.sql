SELECT c.subscription, g.since, g.number, sum(c.changes), min(c.position)
FROM duolog_checkpoints AS c
JOIN duolog_generations AS g ON g.subscription = c.subscription AND g.number = c.generation AND g.role = 'live'
WHERE c.subscription IN (SELECT value FROM json_each(:subscriptions))
GROUP BY c.subscription, g.since, g.number
