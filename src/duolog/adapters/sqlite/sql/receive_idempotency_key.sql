INSERT INTO duolog_idempotency (tenant, actor, operation, key, fingerprint, result, outcome, recorded_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
