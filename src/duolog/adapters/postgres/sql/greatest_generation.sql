-- $1: subscription
SELECT max(number) FROM (
    SELECT number FROM {schema}.generations WHERE subscription = $1
    UNION ALL
    SELECT generation FROM {schema}.leases WHERE subscription = $1
) AS known
