UPDATE duolog_scheduled_commands SET next_at = :now, owner = '' WHERE owner = :owner AND state = 'waiting'
