SELECT DISTINCT tenant, key FROM duolog_parked WHERE subscription = :subscription AND generation = :generation
