-- $1: tenant, $2: actor, $3: operation, $4: key, $5: fingerprint, $6: result, $7: outcome
-- The unique key decides who was first: the other one changes no row.
INSERT INTO {schema}.idempotency (tenant, actor, operation, key, fingerprint, result, outcome, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
ON CONFLICT (tenant, actor, operation, key) DO NOTHING
