-- $1: subscription, $2: tenant, $3: key, $4: position; NULL for any. $5: limit; NULL for none
SELECT subscription, tenant, key, position, type, reason, error, traceback, parked_at FROM {schema}.parked
WHERE ($1::text IS NULL OR subscription = $1)
    AND ($2::text IS NULL OR tenant = $2)
    AND ($3::text IS NULL OR key = $3)
    AND ($4::bigint IS NULL OR position = $4)
ORDER BY position, subscription LIMIT $5
