-- $1: subscription, $2: first position, $3: last position
SELECT position FROM {schema}.parked WHERE subscription = $1 AND position BETWEEN $2 AND $3
