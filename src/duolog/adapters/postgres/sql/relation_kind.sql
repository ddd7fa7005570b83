-- $1: the name of a relation on the search path; nothing if there is none
SELECT relkind::text FROM pg_class WHERE oid = to_regclass(quote_ident($1))
