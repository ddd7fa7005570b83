-- Runs as a statement of somebody's transaction, so that its parameters are names.
INSERT INTO {schema}.process_states (process, tenant, key, stamp, version, state, deadlines, updated_at)
VALUES (
    :process, :tenant, :key, :stamp, :version, :state, :deadlines,
    CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)
) ON CONFLICT DO NOTHING
