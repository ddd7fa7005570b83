UPDATE duolog_leases SET expires_at = :expires_at
WHERE subscription = :subscription AND generation = :generation AND lo = :lo AND owner = :owner AND token = :token
    AND expires_at > :now
