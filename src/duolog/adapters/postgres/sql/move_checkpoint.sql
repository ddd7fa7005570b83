-- $1: subscription, $2: version, $3: token, $4: old position, $5: new position
-- It waits for whoever has locked the row, and then looks at the row again as it is.
UPDATE {schema}.checkpoints
SET position = $5, token = $3, updated_at = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
WHERE subscription = $1 AND lo = 0 AND version = $2 AND position = $4 AND token <= $3
    AND NOT EXISTS (SELECT 1 FROM {schema}.leases WHERE subscription = $1 AND token > $3)
