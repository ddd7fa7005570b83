-- The incarnation is the server's system identifier and timeline: a restored server, or one that took over, has others.
SELECT
    m.log_id::text AS log_id,
    r.name AS received_name,
    r.incarnation AS received_in,
    coalesce((SELECT s.value FROM {schema}.secret_check AS s), '') AS secret_check,
    (SELECT c.system_identifier FROM pg_catalog.pg_control_system() AS c)::text
        || ' ' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) AS incarnation
FROM {schema}.meta AS m LEFT JOIN {schema}.received_name AS r ON true
