UPDATE duolog_checkpoints
SET hi = :hi, token = :token, changes = changes + :changes, counted_after = position, counted = 0, digest = 0
WHERE subscription = :subscription AND generation = :generation AND lo = :lo
