-- $1: process, $2: position
WITH noted AS (
    INSERT INTO {schema}.process_beginnings (process, position) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING position
)
SELECT position FROM noted UNION ALL SELECT position FROM {schema}.process_beginnings WHERE process = $1 LIMIT 1
