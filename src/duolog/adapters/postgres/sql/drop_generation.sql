-- $1: subscription, $2: number
WITH a AS (DELETE FROM {schema}.checkpoints WHERE subscription = $1 AND generation = $2),
    b AS (DELETE FROM {schema}.stretches WHERE subscription = $1 AND generation = $2),
    c AS (DELETE FROM {schema}.parked WHERE subscription = $1 AND generation = $2)
DELETE FROM {schema}.generations WHERE subscription = $1 AND number = $2
