INSERT INTO duolog_event_tags (tenant, tag, position) VALUES (?, ?, ?)
