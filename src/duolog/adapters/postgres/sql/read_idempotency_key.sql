-- $1: tenant, $2: actor, $3: operation, $4: key
SELECT fingerprint, result, outcome, shown FROM {schema}.idempotency
WHERE tenant = $1 AND actor = $2 AND operation = $3 AND key = $4
