-- The first one stays: who asks again gets one and the same answer.
UPDATE duolog_idempotency SET shown = :shown
WHERE tenant = :tenant AND actor = :actor AND operation = :operation AND key = :key AND shown IS NULL
