-- $1: subscription
SELECT subscription, version, position, token, updated_at FROM {schema}.checkpoints
WHERE subscription = $1 AND lo = 0
