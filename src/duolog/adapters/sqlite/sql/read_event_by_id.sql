-- {columns}: EVENT_COLUMNS in event_rows.py
SELECT {columns}
FROM duolog_events AS e
WHERE e.event_id = ?
