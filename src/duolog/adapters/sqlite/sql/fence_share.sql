UPDATE duolog_checkpoints SET token = :token
WHERE subscription = :subscription AND generation = :generation AND lo = :lo AND token <> :token
