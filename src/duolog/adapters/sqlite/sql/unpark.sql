DELETE FROM duolog_parked WHERE subscription = :subscription AND generation = :generation AND position = :position
