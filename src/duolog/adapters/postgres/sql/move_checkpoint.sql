-- $1: subscription, $2: generation, $3: first bucket, $4: last bucket, $5: version, $6: token, $7: old position,
-- $8: new position, $9: 1 if something was written, else 0, $10: whether a stretch ends at the old position,
-- $11: counted, $12: digest
-- It waits for whoever has locked the row, and then looks at the row again as it is.
UPDATE {schema}.checkpoints
SET position = $8, token = $6, updated_at = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, changes = changes + $9::integer,
    counted_after = CASE WHEN $10 THEN $7 ELSE counted_after END,
    counted = CASE WHEN $10 THEN 0 ELSE counted END + $11,
    digest = (CASE WHEN $10 THEN 0 ELSE digest END + $12) & 4611686018427387903
WHERE subscription = $1 AND generation = $2 AND lo = $3 AND hi = $4
    AND version = $5 AND position = $7 AND token <= $6
    AND NOT EXISTS (
        SELECT 1 FROM {schema}.leases WHERE subscription = $1 AND generation = $2 AND lo = $3 AND token > $6
    )
