DELETE FROM duolog_scheduled_commands WHERE id = :id AND state = :state AND (owner = '' OR next_at <= :now)
