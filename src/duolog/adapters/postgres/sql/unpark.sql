-- $1: subscription, $2: generation, $3: positions
DELETE FROM {schema}.parked WHERE subscription = $1 AND generation = $2 AND position = ANY ($3::bigint[])
