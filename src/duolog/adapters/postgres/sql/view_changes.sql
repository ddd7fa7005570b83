-- $1: subscriptions
SELECT c.subscription, g.since, g.number, sum(c.changes)::bigint, min(c.position)
FROM {schema}.checkpoints AS c
JOIN {schema}.generations AS g ON g.subscription = c.subscription AND g.number = c.generation AND g.role = 'live'
WHERE c.subscription = ANY ($1::text[])
GROUP BY c.subscription, g.since, g.number
