-- $1: schema of duolog's own tables. Partitions are read through the table that they are parts of.
SELECT c.relname FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = ANY (current_schemas(false)) AND n.nspname <> $1
    AND pg_catalog.pg_table_is_visible(c.oid)
ORDER BY c.relname COLLATE "C"
