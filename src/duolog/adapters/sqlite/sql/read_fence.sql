-- The token of the last owner that anybody knows of; 0 if there was none.
SELECT coalesce(max(token), 0) FROM (
    SELECT token FROM duolog_leases WHERE subscription = :subscription
    UNION ALL
    SELECT token FROM duolog_checkpoints WHERE subscription = :subscription
)
