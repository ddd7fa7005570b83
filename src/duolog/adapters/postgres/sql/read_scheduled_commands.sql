-- $1: id, $2: state, $3: command, $4: tenant, $5: limit; null chooses all
SELECT id, tenant, command, version, payload, metadata, key, scheduled_at, due_at, next_at, state, owner, attempts, error,
    traceback
FROM {schema}.scheduled_commands
WHERE ($1::uuid IS NULL OR id = $1) AND ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR command = $3)
    AND ($4::text IS NULL OR tenant = $4)
ORDER BY due_at, number LIMIT $5
