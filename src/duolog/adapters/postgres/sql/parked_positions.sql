-- $1: subscription, $2: first position, $3: last position
SELECT p.position FROM {schema}.parked AS p
JOIN {schema}.generations AS g ON g.subscription = p.subscription AND g.number = p.generation AND g.role = 'live'
WHERE p.subscription = $1 AND p.position BETWEEN $2 AND $3
