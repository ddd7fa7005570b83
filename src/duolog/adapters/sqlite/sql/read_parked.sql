SELECT subscription, generation, tenant, key, position, type, reason, error, traceback, parked_at FROM duolog_parked
WHERE (:subscription IS NULL OR subscription = :subscription)
    AND (:generation IS NULL OR generation = :generation)
    AND (:tenant IS NULL OR tenant = :tenant)
    AND (:key IS NULL OR key = :key)
    AND (:position IS NULL OR position = :position)
ORDER BY position, subscription, generation LIMIT :limit
