SELECT tenant, stream, version, type, schema_version, data FROM duolog_snapshots
WHERE (tenant, stream) > (:tenant, :stream)
ORDER BY tenant, stream LIMIT :limit
