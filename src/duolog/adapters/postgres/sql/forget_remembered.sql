WITH a AS (DELETE FROM {schema}.checkpoints), b AS (DELETE FROM {schema}.leases), c AS (DELETE FROM {schema}.parked),
    d AS (DELETE FROM {schema}.snapshots), e AS (DELETE FROM {schema}.generations),
    f AS (DELETE FROM {schema}.stretches), g AS (DELETE FROM {schema}.members),
    h AS (DELETE FROM {schema}.scheduled_commands), i AS (DELETE FROM {schema}.process_states),
    j AS (DELETE FROM {schema}.process_beginnings), k AS (DELETE FROM {schema}.pauses)
DELETE FROM {schema}.idempotency
