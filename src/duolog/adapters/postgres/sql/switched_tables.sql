-- $1: schema of the generation that comes, $2: names of the live tables, $3: names of the tables that come
-- What is live stands where the search path leads. A materialized view is locked only by what changes it.
SELECT wanted.name, n.nspname AS schema, c.oid, wanted.comes, c.relkind <> 'm' AS can_be_locked
FROM (
    SELECT name, to_regclass(quote_ident(name)) AS oid, false AS comes FROM unnest($2::text[]) AS live (name)
    UNION ALL
    SELECT name, to_regclass(quote_ident($1) || '.' || quote_ident(name)), true FROM unnest($3::text[]) AS coming (name)
) AS wanted
JOIN pg_class AS c ON c.oid = wanted.oid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
ORDER BY wanted.name COLLATE "C", wanted.comes
