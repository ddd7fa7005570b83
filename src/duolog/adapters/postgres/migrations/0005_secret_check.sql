-- A keyed check value of the secret that this log's personal tags are hashed with; one row, once it is known.
CREATE TABLE {schema}.secret_check (
    only_row BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    value TEXT NOT NULL
);
