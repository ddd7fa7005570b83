SELECT
    substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) AS timeline,
    s.seqincrement AS increment,
    s.seqcache AS cache,
    s.seqcycle AS cycles,
    (SELECT coalesce(max(e.position), 0) FROM {schema}.events AS e) AS top,
    (SELECT h.position FROM {schema}.horizon AS h) AS horizon,
    {schema}.last_drawn() AS drawn
FROM pg_catalog.pg_sequence AS s
WHERE s.seqrelid = '{schema}.positions'::regclass
