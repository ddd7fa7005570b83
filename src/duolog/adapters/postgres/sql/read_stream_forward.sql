-- {columns}: EVENT_COLUMNS in event_rows.py; $1 tenant, $2 stream, $3 after this version, $4 limit or null
SELECT {columns}
FROM {schema}.events AS e
WHERE e.tenant = $1 AND e.stream = $2 AND e.version > $3
ORDER BY e.version
LIMIT $4
