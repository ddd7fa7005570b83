-- $1: tenant, $2: actor, $3: operation, $4: key; $5: limit
SELECT tenant, actor, operation, key, fingerprint, result, outcome, shown, recorded_at FROM {schema}.idempotency
WHERE (tenant COLLATE "C", actor COLLATE "C", operation COLLATE "C", key COLLATE "C") > ($1, $2, $3, $4)
ORDER BY tenant COLLATE "C", actor COLLATE "C", operation COLLATE "C", key COLLATE "C" LIMIT $5
