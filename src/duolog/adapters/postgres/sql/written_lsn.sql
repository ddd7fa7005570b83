-- The end of what was written, also by transactions that wait for no disk.
SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint
