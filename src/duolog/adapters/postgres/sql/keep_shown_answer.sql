-- $1: tenant, $2: actor, $3: operation, $4: key, $5: what was shown
-- The first one stays: who asks again gets one and the same answer.
UPDATE {schema}.idempotency SET shown = $5
WHERE tenant = $1 AND actor = $2 AND operation = $3 AND key = $4 AND shown IS NULL
