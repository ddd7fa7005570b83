DELETE FROM duolog_checkpoints WHERE subscription = :subscription
