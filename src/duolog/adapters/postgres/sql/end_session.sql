-- $1 pid, $2 backend_start. A row as long as the session is there; its transaction ends before it leaves this list.
SELECT pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = $1 AND a.backend_start = $2
