SELECT subscription, tenant, key, position, type, reason, error, traceback, parked_at FROM duolog_parked
WHERE :subscription IS NULL OR subscription = :subscription
ORDER BY position, subscription LIMIT :limit
