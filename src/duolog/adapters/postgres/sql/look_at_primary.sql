-- The end of what is on disk, and no more, can have reached a replica.
SELECT
    (SELECT c.system_identifier FROM pg_catalog.pg_control_system() AS c)::text AS system,
    ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::integer AS timeline,
    (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())::bigint AS database,
    (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint AS lsn,
    m.log_id::text AS log_id
FROM {schema}.meta AS m
