-- $1: check value
INSERT INTO {schema}.secret_check (value) VALUES ($1) ON CONFLICT (only_row) DO NOTHING
