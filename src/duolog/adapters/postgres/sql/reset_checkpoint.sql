-- $1: subscription, $2: version
-- A lease that is held keeps its token, so that its holder can go on.
INSERT INTO {schema}.checkpoints (subscription, lo, hi, version, position, token, updated_at)
VALUES (
    $1, 0, 255, $2, 0, coalesce((SELECT token FROM {schema}.leases WHERE subscription = $1), 0),
    (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
)
ON CONFLICT (subscription, lo) DO UPDATE
SET version = excluded.version, position = 0, token = excluded.token, updated_at = excluded.updated_at
RETURNING subscription, version, position, token, updated_at
