-- $1: subscription, $2: owner, $3: token
-- The row stays, so that the next owner's token is greater.
UPDATE {schema}.leases SET owner = '', expires_at = 0
WHERE subscription = $1 AND owner = $2 AND token = $3
