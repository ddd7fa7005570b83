-- $1: a relation, with its schema
-- Its columns as a function's RETURNS TABLE declares them, and their names.
SELECT
    string_agg(quote_ident(attname) || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum),
    array_agg(attname::text ORDER BY attnum)
FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped
