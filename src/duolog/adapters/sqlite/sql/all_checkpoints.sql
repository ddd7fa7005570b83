SELECT subscription, generation, lo, hi, version, position, token, updated_at, changes, counted_after, counted, digest
FROM duolog_checkpoints
ORDER BY subscription, generation, lo
