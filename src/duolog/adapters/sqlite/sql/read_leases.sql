SELECT subscription, generation, lo, hi, owner, token, expires_at FROM duolog_leases
WHERE owner <> ''
ORDER BY subscription, generation, lo
