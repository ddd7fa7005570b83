-- $1: subscription, $2: generation, $3: first bucket, $4: position
-- What was counted up to the checkpoint's position, if that is this one and anything was looked at. Its row is locked.
INSERT INTO {schema}.stretches (subscription, generation, lo, hi, after, through, counted, digest)
SELECT subscription, generation, lo, hi, counted_after, position, counted, digest
FROM (
    SELECT * FROM {schema}.checkpoints WHERE subscription = $1 AND generation = $2 AND lo = $3 FOR UPDATE
) AS share
WHERE position = $4 AND position > counted_after
