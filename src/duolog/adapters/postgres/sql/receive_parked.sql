-- $1: subscription, $2: generation, $3: tenant, $4: key, $5: position, $6: type, $7: reason, $8: error, $9: traceback,
-- $10: parked at
INSERT INTO {schema}.parked (
    subscription, generation, tenant, key, position, event_id, type, reason, error, traceback, parked_at
) VALUES ($1, $2, $3, $4, $5, (SELECT e.event_id FROM {schema}.events AS e WHERE e.position = $5), $6, $7, $8, $9, $10)
