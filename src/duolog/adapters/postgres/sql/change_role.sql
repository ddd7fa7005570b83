-- $1: subscription, $2: number, $3: role
UPDATE {schema}.generations SET role = $3, since = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
WHERE subscription = $1 AND number = $2
RETURNING subscription, number, version, role, since, tables
