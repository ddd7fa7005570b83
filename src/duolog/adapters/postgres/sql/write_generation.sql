-- $1: subscription, $2: number, $3: version, $4: role, $5: names of tables
INSERT INTO {schema}.generations (subscription, number, version, role, since, tables)
VALUES ($1, $2, $3, $4, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, $5)
RETURNING subscription, number, version, role, since, tables
