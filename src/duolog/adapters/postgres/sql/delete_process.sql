-- Runs as a statement of somebody's transaction, so that its parameters are names.
DELETE FROM {schema}.process_states WHERE process = :process AND tenant = :tenant AND key = :key AND stamp = :before
