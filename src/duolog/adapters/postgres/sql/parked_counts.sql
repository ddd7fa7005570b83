SELECT p.subscription, count(*) AS parked FROM {schema}.parked AS p
JOIN {schema}.generations AS g ON g.subscription = p.subscription AND g.number = p.generation AND g.role = 'live'
GROUP BY p.subscription ORDER BY p.subscription
