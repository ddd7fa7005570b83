DELETE FROM duolog_parked WHERE subscription = :subscription
