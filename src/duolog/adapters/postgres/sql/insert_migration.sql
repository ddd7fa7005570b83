-- $1: number, $2: name, $3: checksum
INSERT INTO {schema}.migrations (number, name, checksum, applied_at)
VALUES ($1, $2, $3, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
