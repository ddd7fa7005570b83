-- $1: door
UPDATE {schema}.transfer SET door = $1 WHERE state = 'receiving'
