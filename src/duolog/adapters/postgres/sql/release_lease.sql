-- $1: subscription, $2: generation, $3: first bucket, $4: owner, $5: token
-- The row stays, so that the next owner's token is greater.
UPDATE {schema}.leases SET owner = '', expires_at = 0
WHERE subscription = $1 AND generation = $2 AND lo = $3 AND owner = $4 AND token = $5
