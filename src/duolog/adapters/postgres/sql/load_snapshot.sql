-- $1: tenant, $2: stream
SELECT stream, version, type, schema_version, data FROM {schema}.snapshots WHERE tenant = $1 AND stream = $2
