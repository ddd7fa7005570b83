-- $1: subscription, $2: generation
SELECT DISTINCT tenant, key FROM {schema}.parked WHERE subscription = $1 AND generation = $2
