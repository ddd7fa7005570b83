-- A lease that is held keeps its token, so that its holder can go on.
INSERT INTO duolog_checkpoints (
    subscription, generation, lo, hi, version, position, token, updated_at, changes, counted_after, counted, digest
) VALUES (
    :subscription, :generation, :lo, :hi, :version, 0,
    coalesce(
        (SELECT token FROM duolog_leases WHERE subscription = :subscription AND generation = :generation AND lo = :lo), 0
    ),
    :now, 0, 0, 0, 0
)
