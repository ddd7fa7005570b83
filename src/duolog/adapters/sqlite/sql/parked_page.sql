SELECT subscription, tenant, key, position, type, reason, error, traceback, parked_at FROM duolog_parked
WHERE (subscription, position) > (:subscription, :position)
ORDER BY subscription, position LIMIT :limit
