DELETE FROM duolog_pauses WHERE subscription = :subscription
