-- $1: process, $2: tenant, $3: key; $4: limit
SELECT process, tenant, key, stamp, version, state, deadlines, updated_at FROM {schema}.process_states
WHERE (process COLLATE "C", tenant COLLATE "C", key COLLATE "C") > ($1, $2, $3)
ORDER BY process COLLATE "C", tenant COLLATE "C", key COLLATE "C" LIMIT $4
