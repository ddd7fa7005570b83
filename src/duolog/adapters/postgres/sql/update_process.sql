-- Runs as a statement of somebody's transaction, so that its parameters are names.
UPDATE {schema}.process_states
SET stamp = :stamp, version = :version, state = :state, deadlines = :deadlines,
    updated_at = CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)
WHERE process = :process AND tenant = :tenant AND key = :key AND stamp = :before
