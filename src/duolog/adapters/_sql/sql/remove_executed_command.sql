DELETE FROM duolog_scheduled_commands WHERE id = :id
