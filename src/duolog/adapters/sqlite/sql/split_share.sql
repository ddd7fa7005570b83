INSERT INTO duolog_checkpoints (
    subscription, generation, lo, hi, version, position, token, updated_at, changes, counted_after, counted, digest
)
SELECT subscription, generation, :middle, hi, version, position,
    coalesce(
        (
            SELECT token FROM duolog_leases
            WHERE subscription = :subscription AND generation = :generation AND lo = :middle
        ), 0
    ),
    updated_at, changes, position, 0, 0
FROM duolog_checkpoints
WHERE subscription = :subscription AND generation = :generation AND lo = :lo
