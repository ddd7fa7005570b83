-- $1: texts of statements, $2: numbers of those to run, $3: their values, as JSON
SELECT {schema}.run_statements($1, $2, $3)
