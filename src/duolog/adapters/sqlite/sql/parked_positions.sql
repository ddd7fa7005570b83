SELECT p.position FROM duolog_parked AS p
JOIN duolog_generations AS g ON g.subscription = p.subscription AND g.number = p.generation AND g.role = 'live'
WHERE p.subscription = :subscription AND p.position BETWEEN :first AND :last
