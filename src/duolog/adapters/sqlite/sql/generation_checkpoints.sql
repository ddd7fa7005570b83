SELECT subscription, generation, lo, hi, version, position, token, updated_at, changes, counted_after, counted, digest
FROM duolog_checkpoints
WHERE subscription = :subscription AND generation = :generation
ORDER BY lo
