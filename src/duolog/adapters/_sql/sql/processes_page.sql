SELECT process, tenant, key, stamp, version, state, deadlines, updated_at FROM duolog_process_states
WHERE (process, tenant, key) > (:process, :tenant, :key) ORDER BY process, tenant, key LIMIT :limit
