SELECT subscription, version, position, token, updated_at FROM duolog_checkpoints
WHERE subscription = :subscription AND lo = 0
