-- $1: a schema, $2: names of tables
SELECT name FROM unnest($2::text[]) WITH ORDINALITY AS wanted (name, place)
WHERE to_regclass(quote_ident($1) || '.' || quote_ident(name)) IS NULL
ORDER BY place
