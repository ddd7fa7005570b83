-- The key of a command that is still scheduled stays: it may have been executed by somebody who then died.
DELETE FROM duolog_idempotency WHERE rowid IN (
    SELECT rowid FROM duolog_idempotency WHERE recorded_at <= :until
        AND NOT EXISTS (SELECT 1 FROM duolog_scheduled_commands WHERE id = duolog_idempotency.key)
    ORDER BY recorded_at LIMIT :limit
)
