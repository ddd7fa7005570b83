INSERT INTO duolog_parked (
    subscription, generation, tenant, key, position, event_id, type, reason, error, traceback, parked_at
) VALUES (
    :subscription, :generation, :tenant, :key, :position,
    coalesce((SELECT event_id FROM duolog_events WHERE position = :position), x''),
    :type, :reason, :error, :traceback, :now
)
ON CONFLICT (subscription, generation, position) DO UPDATE
SET reason = excluded.reason, error = excluded.error, traceback = excluded.traceback, parked_at = excluded.parked_at
