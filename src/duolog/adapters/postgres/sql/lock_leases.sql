-- $1: subscription, $2: generations
SELECT FROM {schema}.leases WHERE subscription = $1 AND generation = ANY($2::integer[]) ORDER BY generation, lo FOR UPDATE
