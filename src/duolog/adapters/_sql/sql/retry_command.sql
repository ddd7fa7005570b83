UPDATE duolog_scheduled_commands SET state = 'waiting', next_at = :now, traceback = ''
WHERE id = :id AND (state = 'failed' OR (owner = '' AND error <> ''))
