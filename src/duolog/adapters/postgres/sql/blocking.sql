-- $1: a backend; those for whom it waits
SELECT a.pid, coalesce(a.usename, '') AS name, coalesce(a.state, 'at work') AS state,
    coalesce(extract(epoch FROM clock_timestamp() - a.xact_start), 0)::float8 AS seconds
FROM unnest(pg_blocking_pids($1)) AS blocking (pid)
JOIN pg_stat_activity AS a USING (pid)
