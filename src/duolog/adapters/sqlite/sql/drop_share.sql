DELETE FROM duolog_checkpoints WHERE subscription = :subscription AND generation = :generation AND lo = :lo
