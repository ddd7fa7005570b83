INSERT INTO duolog_process_states (process, tenant, key, stamp, version, state, deadlines, updated_at)
VALUES (:process, :tenant, :key, :stamp, :version, :state, :deadlines, :now) ON CONFLICT DO NOTHING
