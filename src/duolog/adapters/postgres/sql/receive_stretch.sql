-- $1: subscription, $2: generation, $3: first bucket, $4: last bucket, $5: after, $6: through, $7: counted, $8: digest
INSERT INTO {schema}.stretches (subscription, generation, lo, hi, after, through, counted, digest)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
