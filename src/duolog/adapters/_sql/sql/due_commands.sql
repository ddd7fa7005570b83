SELECT one.id FROM duolog_scheduled_commands AS one
WHERE one.state = 'waiting' AND one.next_at <= :now
    AND one.version <= json_extract(:known, '$."' || one.command || '"')
    AND (one.key IS NULL OR NOT EXISTS (
        SELECT 1 FROM duolog_scheduled_commands AS other
        WHERE other.tenant = one.tenant AND other.key = one.key
            AND (other.due_at, other.number) < (one.due_at, one.number)
    ))
ORDER BY one.next_at, one.number LIMIT :limit
