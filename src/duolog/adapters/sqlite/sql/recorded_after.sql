SELECT recorded_at FROM duolog_events WHERE position > :position ORDER BY position LIMIT 1
