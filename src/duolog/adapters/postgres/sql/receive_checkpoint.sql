-- $1: subscription, $2: generation, $3: first bucket, $4: last bucket, $5: version, $6: position, $7: updated at,
-- $8: changes, $9: counted after, $10: counted, $11: digest
INSERT INTO {schema}.checkpoints (
    subscription, generation, lo, hi, version, position, token, updated_at, changes, counted_after, counted, digest
) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $10, $11)
