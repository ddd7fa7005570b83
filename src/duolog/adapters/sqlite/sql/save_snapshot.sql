INSERT INTO duolog_snapshots (tenant, stream, version, type, schema_version, data)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant, stream) DO UPDATE SET
    version = excluded.version, type = excluded.type, schema_version = excluded.schema_version, data = excluded.data
