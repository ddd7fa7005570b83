-- $1: process, $2: position
INSERT INTO {schema}.process_beginnings (process, position) VALUES ($1, $2)
