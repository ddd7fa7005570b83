UPDATE duolog_scheduled_commands SET next_at = :until WHERE id = :id AND attempts = :attempts AND state = 'waiting'
