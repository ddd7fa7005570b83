UPDATE duolog_checkpoints SET position = :new, token = :token, updated_at = :now
WHERE subscription = :subscription AND lo = 0 AND version = :version AND position = :old AND token <= :token
    AND NOT EXISTS (SELECT 1 FROM duolog_leases WHERE subscription = :subscription AND token > :token)
