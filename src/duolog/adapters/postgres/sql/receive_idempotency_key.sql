-- $1: tenant, $2: actor, $3: operation, $4: key, $5: fingerprint, $6: result, $7: outcome, $8: shown, $9: recorded at
INSERT INTO {schema}.idempotency (tenant, actor, operation, key, fingerprint, result, outcome, shown, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
