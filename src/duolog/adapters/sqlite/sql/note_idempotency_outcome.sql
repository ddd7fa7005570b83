UPDATE duolog_idempotency SET outcome = :outcome
WHERE tenant = :tenant AND actor = :actor AND operation = :operation AND key = :key
