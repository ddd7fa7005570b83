-- The unique key decides who was first: the other one changes no row.
INSERT INTO duolog_idempotency (tenant, actor, operation, key, fingerprint, result, outcome, recorded_at)
VALUES (:tenant, :actor, :operation, :key, :fingerprint, :result, :outcome, :now)
ON CONFLICT (tenant, actor, operation, key) DO NOTHING
