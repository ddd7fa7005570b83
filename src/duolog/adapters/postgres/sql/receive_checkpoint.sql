-- $1: subscription, $2: version, $3: position, $4: updated at
INSERT INTO {schema}.checkpoints (subscription, lo, hi, version, position, token, updated_at)
VALUES ($1, 0, 255, $2, $3, 0, $4)
