INSERT INTO duolog_parked (
    subscription, generation, tenant, key, position, event_id, type, reason, error, traceback, parked_at
) VALUES (
    ?1, ?2, ?3, ?4, ?5, coalesce((SELECT event_id FROM duolog_events WHERE position = ?5), x''), ?6, ?7, ?8, ?9, ?10
)
