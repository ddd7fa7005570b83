-- $1: id, $2: attempts, $3: error, $4: traceback
UPDATE {schema}.scheduled_commands SET state = 'failed', owner = '', error = $3, traceback = $4
WHERE id = $1 AND attempts = $2 AND state = 'waiting'
