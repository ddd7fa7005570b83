-- A lease that is held keeps its token, so that its holder can go on.
INSERT INTO duolog_checkpoints (subscription, lo, hi, version, position, token, updated_at)
VALUES (
    :subscription, 0, 255, :version, 0,
    coalesce((SELECT token FROM duolog_leases WHERE subscription = :subscription), 0), :now
)
ON CONFLICT (subscription, lo) DO UPDATE
SET version = excluded.version, position = 0, token = excluded.token, updated_at = excluded.updated_at
