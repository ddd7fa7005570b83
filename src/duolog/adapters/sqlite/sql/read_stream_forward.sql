-- {columns}: EVENT_COLUMNS in event_rows.py
SELECT {columns}
FROM duolog_events AS e
WHERE e.tenant = :tenant AND e.stream = :stream AND e.version > :version
ORDER BY e.version LIMIT :limit
