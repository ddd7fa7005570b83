SELECT coalesce(max(position), 0) FROM duolog_events
