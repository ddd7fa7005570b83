SELECT subscription, owner, token, expires_at FROM duolog_leases
WHERE owner <> ''
ORDER BY subscription
