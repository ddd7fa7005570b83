-- $1: process
WITH deadlines AS (
    DELETE FROM {schema}.scheduled_commands WHERE id IN (
        SELECT deadline.value::uuid
        FROM {schema}.process_states AS stored, json_each_text(stored.deadlines::json) AS deadline
        WHERE stored.process = $1
    )
), states AS (
    DELETE FROM {schema}.process_states WHERE process = $1
)
DELETE FROM {schema}.process_beginnings WHERE process = $1
