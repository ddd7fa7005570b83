-- $1: subscription, $2: generation, $3: tenant, $4: key, $5: position; NULL for any. $6: limit; NULL for none
SELECT subscription, generation, tenant, key, position, type, reason, error, traceback, parked_at FROM {schema}.parked
WHERE ($1::text IS NULL OR subscription = $1)
    AND ($2::integer IS NULL OR generation = $2)
    AND ($3::text IS NULL OR tenant = $3)
    AND ($4::text IS NULL OR key = $4)
    AND ($5::bigint IS NULL OR position = $5)
ORDER BY position, subscription, generation LIMIT $6
