-- $1: subscription, $2: position; $3: limit
SELECT subscription, tenant, key, position, type, reason, error, traceback, parked_at FROM {schema}.parked
WHERE (subscription COLLATE "C", position) > ($1, $2)
ORDER BY subscription COLLATE "C", position LIMIT $3
