DELETE FROM duolog_idempotency WHERE rowid IN (
    SELECT rowid FROM duolog_idempotency WHERE recorded_at <= :until ORDER BY recorded_at LIMIT :limit
)
