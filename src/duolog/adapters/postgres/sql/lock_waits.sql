-- Sessions of this database that wait for a lock, each with one of those that hold it; 0 stands for a prepared transaction.
SELECT
    a.pid,
    coalesce(a.application_name, '') AS application_name,
    extract(epoch FROM clock_timestamp() - coalesce(a.query_start, a.state_change))::float8 AS seconds,
    to_char(coalesce(a.query_start, a.state_change) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS since,
    (
        SELECT string_agg(DISTINCT l.relation::regclass::text, ', ') FROM pg_catalog.pg_locks AS l
        WHERE l.pid = a.pid AND NOT l.granted AND l.relation IS NOT NULL
            AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())
    ) AS relations,
    holder.pid AS holder,
    coalesce(h.application_name, '') AS holder_name,
    coalesce(h.usename, '')::text AS holder_user,
    coalesce(host(h.client_addr), 'the server itself') AS holder_client,
    coalesce(h.state, '') AS holder_state,
    to_char(h.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS holder_since
FROM pg_catalog.pg_stat_activity AS a
CROSS JOIN LATERAL unnest(pg_blocking_pids(a.pid)) AS holder (pid)
LEFT JOIN pg_catalog.pg_stat_activity AS h ON h.pid = holder.pid
WHERE a.datname = current_database() AND a.wait_event_type = 'Lock'
ORDER BY seconds DESC NULLS LAST, a.pid, holder.pid
