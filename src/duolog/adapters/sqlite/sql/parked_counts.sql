SELECT p.subscription, count(*) FROM duolog_parked AS p
JOIN duolog_generations AS g ON g.subscription = p.subscription AND g.number = p.generation AND g.role = 'live'
GROUP BY p.subscription ORDER BY p.subscription
