SELECT id, tenant, command, version, payload, metadata, key, scheduled_at, due_at, next_at, state, owner, attempts, error, traceback
FROM duolog_scheduled_commands
WHERE (:id IS NULL OR id = :id) AND (:state IS NULL OR state = :state) AND (:command IS NULL OR command = :command)
    AND (:tenant IS NULL OR tenant = :tenant)
ORDER BY due_at, number LIMIT :limit
