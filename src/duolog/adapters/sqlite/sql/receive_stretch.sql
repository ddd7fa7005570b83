INSERT INTO duolog_stretches (subscription, generation, lo, hi, after, through, counted, digest)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
