UPDATE duolog_checkpoints SET token = :token
WHERE subscription = :subscription AND token <> :token
