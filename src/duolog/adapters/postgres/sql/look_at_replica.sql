SELECT
    pg_is_in_recovery() AS follows,
    (SELECT c.system_identifier FROM pg_catalog.pg_control_system() AS c)::text AS system,
    (SELECT c.timeline_id FROM pg_catalog.pg_control_checkpoint() AS c) AS timeline,
    (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())::bigint AS database,
    (coalesce(pg_last_wal_replay_lsn(), '0/0') - '0/0'::pg_lsn)::bigint AS lsn,
    coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0)::float8 AS since,
    to_regclass('{schema}.meta') IS NOT NULL AS has_log
