SELECT id, tenant, command, version, payload, metadata, key, scheduled_at, due_at, next_at, state, owner, attempts, error, traceback, number
FROM duolog_scheduled_commands WHERE number > :number ORDER BY number LIMIT :limit
