SELECT substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)
