SELECT subscription, generation, lo, hi, after, through, counted, digest FROM duolog_stretches
WHERE subscription = :subscription AND generation = :generation
ORDER BY through, lo
