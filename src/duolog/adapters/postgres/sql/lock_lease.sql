-- $1: subscription
SELECT token FROM {schema}.leases WHERE subscription = $1 FOR SHARE
