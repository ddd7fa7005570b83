SELECT tenant, actor, operation, key, fingerprint, result, outcome, shown, recorded_at FROM duolog_idempotency
WHERE (tenant, actor, operation, key) > (:tenant, :actor, :operation, :key)
ORDER BY tenant, actor, operation, key LIMIT :limit
