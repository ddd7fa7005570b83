-- The row stays, so that the next owner's token is greater.
UPDATE duolog_leases SET owner = '', expires_at = 0
WHERE subscription = :subscription AND generation = :generation AND lo = :lo AND owner = :owner AND token = :token
