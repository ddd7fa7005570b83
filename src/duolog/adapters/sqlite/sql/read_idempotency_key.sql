SELECT fingerprint, CAST(result AS BLOB), outcome, shown FROM duolog_idempotency
WHERE tenant = :tenant AND actor = :actor AND operation = :operation AND key = :key
