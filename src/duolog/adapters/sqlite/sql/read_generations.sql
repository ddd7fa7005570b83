SELECT subscription, number, version, role, since, tables FROM duolog_generations
WHERE :subscription IS NULL OR subscription = :subscription
ORDER BY subscription, number
