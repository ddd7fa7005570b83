DELETE FROM duolog_parked WHERE subscription = :subscription AND position = :position
