-- $1: subscription, $2: generation, $3: tenant, $4: key, $5: position, $6: type, $7: reason, $8: error,
-- $9: traceback
INSERT INTO {schema}.parked (
    subscription, generation, tenant, key, position, event_id, type, reason, error, traceback, parked_at
) VALUES (
    $1, $2, $3, $4, $5, (SELECT event_id FROM {schema}.events WHERE position = $5), $6, $7, $8, $9,
    (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
)
ON CONFLICT (subscription, generation, position) DO UPDATE
SET reason = excluded.reason, error = excluded.error, traceback = excluded.traceback, parked_at = excluded.parked_at
