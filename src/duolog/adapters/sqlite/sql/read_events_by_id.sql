-- columns: see event_rows.py
SELECT e.position, e.tenant, e.stream, e.version, e.event_id, e.type, e.schema_version, e.tags, e.partition,
    CAST(e.data AS BLOB), CAST(e.metadata AS BLOB), e.recorded_at
FROM duolog_events AS e
WHERE e.event_id IN (SELECT value FROM json_each(:event_ids))
