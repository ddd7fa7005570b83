SELECT subscription, owner, token, expires_at FROM {schema}.leases
WHERE owner <> ''
ORDER BY subscription
