-- $1: process, $2: tenant, $3: key, $4: stamp, $5: version, $6: state, $7: deadlines, $8: updated at
INSERT INTO {schema}.process_states (process, tenant, key, stamp, version, state, deadlines, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
