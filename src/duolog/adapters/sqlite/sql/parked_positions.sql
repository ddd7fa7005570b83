SELECT position FROM duolog_parked
WHERE subscription = :subscription AND position BETWEEN :first AND :last
