-- $1: name, $2: incarnation
INSERT INTO {schema}.received_name (name, incarnation) VALUES ($1, $2)
