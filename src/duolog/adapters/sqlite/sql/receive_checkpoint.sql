INSERT INTO duolog_checkpoints (subscription, lo, hi, version, position, token, updated_at)
VALUES (?, 0, 255, ?, ?, 0, ?)
