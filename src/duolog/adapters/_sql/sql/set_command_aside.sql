UPDATE duolog_scheduled_commands SET state = 'failed', owner = '', error = :error, traceback = :traceback
WHERE id = :id AND attempts = :attempts AND state = 'waiting'
