-- $1: subscription
DELETE FROM {schema}.checkpoints WHERE subscription = $1
