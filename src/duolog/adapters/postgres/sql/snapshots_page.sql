-- $1: tenant, $2: stream; $3: limit
SELECT tenant, stream, version, type, schema_version, data FROM {schema}.snapshots
WHERE (tenant COLLATE "C", stream COLLATE "C") > ($1, $2)
ORDER BY tenant COLLATE "C", stream COLLATE "C" LIMIT $3
