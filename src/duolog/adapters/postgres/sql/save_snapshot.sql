-- $1: tenant, $2: stream, $3: version, $4: type, $5: schema version, $6: data
INSERT INTO {schema}.snapshots (tenant, stream, version, type, schema_version, data)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (tenant, stream) DO UPDATE SET
    version = excluded.version, type = excluded.type, schema_version = excluded.schema_version, data = excluded.data
