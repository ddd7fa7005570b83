-- $1: number; $2: limit
SELECT id, tenant, command, version, payload, metadata, key, scheduled_at, due_at, next_at, state, owner, attempts, error,
    traceback, number
FROM {schema}.scheduled_commands WHERE number > $1 ORDER BY number LIMIT $2
