-- $1: subscription, $2: tenant, $3: key, $4: position, $5: type, $6: reason, $7: error, $8: traceback
INSERT INTO {schema}.parked (
    subscription, tenant, key, position, event_id, type, reason, error, traceback, parked_at
) VALUES (
    $1, $2, $3, $4, (SELECT event_id FROM {schema}.events WHERE position = $4), $5, $6, $7, $8,
    (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
)
ON CONFLICT (subscription, position) DO UPDATE
SET reason = excluded.reason, error = excluded.error, traceback = excluded.traceback, parked_at = excluded.parked_at
