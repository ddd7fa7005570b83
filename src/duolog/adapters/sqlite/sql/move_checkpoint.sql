UPDATE duolog_checkpoints
SET position = :new, token = :token, updated_at = :now, changes = changes + :wrote,
    counted_after = CASE WHEN :ends THEN :old ELSE counted_after END,
    counted = CASE WHEN :ends THEN 0 ELSE counted END + :counted,
    digest = (CASE WHEN :ends THEN 0 ELSE digest END + :digest) & 4611686018427387903
WHERE subscription = :subscription AND generation = :generation AND lo = :lo AND hi = :hi
    AND version = :version AND position = :old AND token <= :token
    AND NOT EXISTS (
        SELECT 1 FROM duolog_leases
        WHERE subscription = :subscription AND generation = :generation AND lo = :lo AND token > :token
    )
