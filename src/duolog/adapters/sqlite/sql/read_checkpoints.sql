SELECT subscription, version, position, token, updated_at FROM duolog_checkpoints
WHERE lo = 0
ORDER BY subscription
