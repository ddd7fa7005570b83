-- $1: names of relations on the search path
SELECT to_regclass(quote_ident(name))::oid AS oid FROM unnest($1::text[]) AS wanted (name)
WHERE to_regclass(quote_ident(name)) IS NOT NULL
