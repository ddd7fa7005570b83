-- Who holds the fence: sessions, and prepared transactions, which are found by the lock on their own transaction id.
SELECT
    l.pid,
    p.gid,
    coalesce(a.application_name, '') AS application_name,
    coalesce(a.usename, p.owner, '')::text AS username,
    coalesce(host(a.client_addr), 'the server itself') AS client,
    coalesce(a.state, '') AS state,
    extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, p.prepared))::float8 AS seconds,
    to_char(coalesce(a.xact_start, p.prepared) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS since,
    (SELECT h.position FROM {schema}.horizon AS h) AS horizon,
    (
        SELECT count(*) FROM {schema}.events AS e
        WHERE e.position > (SELECT h.position FROM {schema}.horizon AS h)
    ) AS waiting
FROM pg_catalog.pg_locks AS l
LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
LEFT JOIN pg_catalog.pg_locks AS own
    ON l.pid IS NULL AND own.pid IS NULL AND own.locktype = 'transactionid' AND own.mode = 'ExclusiveLock'
    AND own.virtualtransaction = l.virtualtransaction
LEFT JOIN pg_catalog.pg_prepared_xacts AS p ON p.transaction = own.transactionid
WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted
    AND l.classid = 1685417836::oid AND l.objid = hashtext('{schema}')::oid
    AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())
ORDER BY seconds DESC NULLS LAST
