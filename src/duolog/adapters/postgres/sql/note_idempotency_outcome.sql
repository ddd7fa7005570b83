-- $1: tenant, $2: actor, $3: operation, $4: key, $5: outcome
UPDATE {schema}.idempotency SET outcome = $5
WHERE tenant = $1 AND actor = $2 AND operation = $3 AND key = $4
