-- $1: id, $2: tenant, $3: command, $4: version, $5: payload, $6: metadata, $7: key, $8: scheduled at, $9: due at,
-- $10: next at, $11: state, $12: attempts, $13: error, $14: traceback
INSERT INTO {schema}.scheduled_commands (
    id, tenant, command, version, payload, metadata, key, scheduled_at, due_at, next_at, state, owner, attempts, error,
    traceback
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', $12, $13, $14)
