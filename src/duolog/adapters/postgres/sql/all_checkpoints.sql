SELECT subscription, version, position, token, updated_at FROM {schema}.checkpoints
WHERE lo = 0
ORDER BY subscription COLLATE "C"
