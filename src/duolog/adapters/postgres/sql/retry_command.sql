-- $1: id
UPDATE {schema}.scheduled_commands
SET state = 'waiting', next_at = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, traceback = ''
WHERE id = $1 AND (state = 'failed' OR (owner = '' AND error <> ''))
RETURNING 1
