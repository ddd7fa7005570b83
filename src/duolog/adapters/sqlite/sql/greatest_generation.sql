SELECT max(number) FROM (
    SELECT number FROM duolog_generations WHERE subscription = :subscription
    UNION ALL
    SELECT generation FROM duolog_leases WHERE subscription = :subscription
)
