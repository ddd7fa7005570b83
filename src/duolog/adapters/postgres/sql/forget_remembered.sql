WITH a AS (DELETE FROM {schema}.checkpoints), b AS (DELETE FROM {schema}.leases), c AS (DELETE FROM {schema}.parked),
    d AS (DELETE FROM {schema}.snapshots), e AS (DELETE FROM {schema}.generations),
    f AS (DELETE FROM {schema}.stretches), g AS (DELETE FROM {schema}.members)
DELETE FROM {schema}.idempotency
