INSERT INTO duolog_idempotency (tenant, actor, operation, key, fingerprint, result, outcome, shown, recorded_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
