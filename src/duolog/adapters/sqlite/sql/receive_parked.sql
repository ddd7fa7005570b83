INSERT INTO duolog_parked (
    subscription, tenant, key, position, event_id, type, reason, error, traceback, parked_at
) VALUES (?1, ?2, ?3, ?4, coalesce((SELECT event_id FROM duolog_events WHERE position = ?4), x''), ?5, ?6, ?7, ?8, ?9)
