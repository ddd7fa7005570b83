-- $1: subscription, $2: generation, $3: first bucket
-- An owner may stand still while it sends: the server then waits for the rest of the message, and none of its time
-- limits counts. Whoever finds its lease expired, and the checkpoint still locked, ends such a session; what it wrote is
-- rolled back. The row's xmax is the transaction that has locked it.
SELECT pg_catalog.pg_terminate_backend(session.pid)
FROM {schema}.checkpoints AS checkpoint
JOIN {schema}.leases AS lease USING (subscription, generation, lo)
JOIN pg_catalog.pg_locks AS lock
    ON lock.locktype = 'transactionid' AND lock.transactionid = checkpoint.xmax AND lock.granted
JOIN pg_catalog.pg_stat_activity AS session ON session.pid = lock.pid
WHERE subscription = $1 AND generation = $2 AND lo = $3
    AND lease.expires_at <= (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
    AND session.wait_event_type = 'Client' AND session.usename = current_user AND session.pid <> pg_backend_pid()
