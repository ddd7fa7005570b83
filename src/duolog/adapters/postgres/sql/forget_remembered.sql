WITH a AS (DELETE FROM {schema}.checkpoints), b AS (DELETE FROM {schema}.leases), c AS (DELETE FROM {schema}.parked),
    d AS (DELETE FROM {schema}.snapshots)
DELETE FROM {schema}.idempotency
