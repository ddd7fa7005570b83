-- The row stays, so that the next owner's token is greater.
UPDATE duolog_leases SET owner = '', expires_at = 0
WHERE subscription = :subscription AND owner = :owner AND token = :token
