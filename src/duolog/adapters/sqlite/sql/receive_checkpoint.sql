INSERT INTO duolog_checkpoints (
    subscription, generation, lo, hi, version, position, token, updated_at, changes, counted_after, counted, digest
) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?)
