INSERT INTO duolog_scheduled_commands (
    id, tenant, command, version, payload, metadata, key, scheduled_at, due_at, next_at, state, owner, attempts, error, traceback
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?)
