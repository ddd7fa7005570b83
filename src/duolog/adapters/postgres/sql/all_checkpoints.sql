SELECT subscription, generation, lo, hi, version, position, token, updated_at, changes, counted_after, counted, digest
FROM {schema}.checkpoints
ORDER BY subscription COLLATE "C", generation, lo
