-- $1: microseconds
WITH clock AS MATERIALIZED (
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - $1::bigint AS until
)
SELECT count(*) FILTER (WHERE state = 'waiting' AND due_at <= until) AS waiting,
    count(*) FILTER (WHERE state = 'failed') AS failed,
    coalesce(min(due_at) FILTER (WHERE state = 'waiting' AND due_at <= until), 0) AS since,
    coalesce(max(error) FILTER (WHERE state = 'waiting' AND due_at <= until), '') AS error
FROM {schema}.scheduled_commands, clock WHERE due_at <= until OR state = 'failed'
