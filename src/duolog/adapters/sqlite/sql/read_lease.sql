SELECT owner, token, expires_at FROM duolog_leases
WHERE subscription = :subscription AND generation = :generation AND lo = :lo
