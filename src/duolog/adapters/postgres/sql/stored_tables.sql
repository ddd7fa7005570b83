-- $1: a schema, or NULL for where the search path leads, $2: names of tables
SELECT wanted.name, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS source,
    ARRAY(
        SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum
    ) AS columns,
    ARRAY(
        SELECT a.attname::text FROM pg_index AS i
        JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS key (number, place) ON true
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = key.number
        WHERE i.indrelid = c.oid AND i.indisprimary ORDER BY key.place
    ) AS key,
    ARRAY(
        SELECT attname::text FROM pg_attribute
        WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
            AND atttypid = ANY('{json,json[],xml,point,polygon}'::regtype[])
    ) AS texts
FROM unnest($2::text[]) WITH ORDINALITY AS wanted (name, place)
JOIN pg_class AS c ON c.oid = to_regclass(coalesce(quote_ident($1) || '.', '') || quote_ident(wanted.name))
JOIN pg_namespace AS n ON n.oid = c.relnamespace
ORDER BY wanted.place
