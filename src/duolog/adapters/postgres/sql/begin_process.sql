-- $1: process, $2: position
-- The update changes nothing: it waits for another process that notes it now, and returns what that has noted.
INSERT INTO {schema}.process_beginnings AS noted (process, position) VALUES ($1, $2)
ON CONFLICT (process) DO UPDATE SET position = noted.position
RETURNING position
