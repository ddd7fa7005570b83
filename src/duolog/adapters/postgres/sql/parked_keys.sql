-- $1: subscription
SELECT DISTINCT tenant, key FROM {schema}.parked WHERE subscription = $1
