SELECT subscription, generation, lo, hi, owner, token, expires_at FROM {schema}.leases
WHERE owner <> ''
ORDER BY subscription, generation, lo
