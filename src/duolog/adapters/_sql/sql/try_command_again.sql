UPDATE duolog_scheduled_commands SET next_at = :next_at, owner = '', error = :error
WHERE id = :id AND attempts = :attempts AND state = 'waiting'
