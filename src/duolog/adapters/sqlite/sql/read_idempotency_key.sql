SELECT fingerprint, CAST(result AS BLOB), outcome FROM duolog_idempotency
WHERE tenant = :tenant AND actor = :actor AND operation = :operation AND key = :key
