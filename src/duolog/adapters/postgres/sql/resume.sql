-- $1: subscription
DELETE FROM {schema}.pauses WHERE subscription = $1
