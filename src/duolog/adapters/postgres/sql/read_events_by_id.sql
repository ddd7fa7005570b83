-- {columns}: EVENT_COLUMNS in event_rows.py; $1 event ids
SELECT {columns}
FROM {schema}.events AS e
WHERE e.event_id = ANY ($1::uuid[])
