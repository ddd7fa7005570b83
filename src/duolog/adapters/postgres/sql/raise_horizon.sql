-- $1 a settled position
SELECT {schema}.raise_horizon($1)
