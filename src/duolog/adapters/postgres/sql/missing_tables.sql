-- $1: names of tables; a view or a table of another schema on the path is one too
SELECT name FROM unnest($1::text[]) WITH ORDINALITY AS wanted (name, place)
WHERE to_regclass(quote_ident(name)) IS NULL
ORDER BY place
