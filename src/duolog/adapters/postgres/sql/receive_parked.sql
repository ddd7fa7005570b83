-- $1: subscription, $2: tenant, $3: key, $4: position, $5: type, $6: reason, $7: error, $8: traceback, $9: parked at
INSERT INTO {schema}.parked (subscription, tenant, key, position, event_id, type, reason, error, traceback, parked_at)
VALUES ($1, $2, $3, $4, (SELECT e.event_id FROM {schema}.events AS e WHERE e.position = $4), $5, $6, $7, $8, $9)
