INSERT INTO duolog_events (
    position, tenant, stream, version, event_id, type, schema_version, tags, partition, data, metadata, recorded_at
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
