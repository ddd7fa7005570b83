INSERT INTO duolog_process_states (process, tenant, key, stamp, version, state, deadlines, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
