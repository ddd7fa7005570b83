-- $1: a position
SELECT recorded_at FROM {schema}.events WHERE position > $1 ORDER BY position LIMIT 1
