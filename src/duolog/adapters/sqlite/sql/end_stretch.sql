-- What was counted up to the checkpoint's position, if anything was looked at.
INSERT INTO duolog_stretches (subscription, generation, lo, hi, after, through, counted, digest)
SELECT subscription, generation, lo, hi, counted_after, position, counted, digest FROM duolog_checkpoints
WHERE subscription = :subscription AND generation = :generation AND lo = :lo AND position > counted_after
