-- $1: subscription, $2: positions
DELETE FROM {schema}.parked WHERE subscription = $1 AND position = ANY ($2::bigint[])
