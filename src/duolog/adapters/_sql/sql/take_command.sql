UPDATE duolog_scheduled_commands SET next_at = :until, owner = :owner, attempts = attempts + 1 WHERE id = :id
RETURNING id, tenant, command, version, payload, metadata, key, scheduled_at, due_at, next_at, state, owner, attempts, error, traceback
