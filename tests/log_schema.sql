-- One value for all that migrations make: whoever changes a row of a catalog gives it another xmin. Emptying a table
-- changes its row of pg_class, which is therefore compared by what emptying leaves as it is.
WITH relation AS (SELECT * FROM pg_class WHERE relnamespace = 'duolog'::regnamespace)
SELECT md5(string_agg(line, E'\n' ORDER BY line COLLATE "C")) FROM (
    SELECT concat_ws(' ', 'relation', oid, to_jsonb(relation) - ARRAY[
        'relfilenode', 'relpages', 'reltuples', 'relallvisible', 'relallfrozen', 'relfrozenxid', 'relminmxid',
        'relhastriggers' -- says that there may be triggers; they are compared themselves
    ]) AS line FROM relation
    UNION ALL SELECT concat_ws(' ', 'attribute', attrelid, attnum, xmin) FROM pg_attribute
        WHERE attrelid IN (SELECT oid FROM relation)
    UNION ALL SELECT concat_ws(' ', 'default', oid, xmin) FROM pg_attrdef WHERE adrelid IN (SELECT oid FROM relation)
    UNION ALL SELECT concat_ws(' ', 'index', indexrelid, xmin) FROM pg_index WHERE indrelid IN (SELECT oid FROM relation)
    UNION ALL SELECT concat_ws(' ', 'trigger', oid, xmin) FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM relation)
    UNION ALL SELECT concat_ws(' ', 'rule', oid, xmin) FROM pg_rewrite WHERE ev_class IN (SELECT oid FROM relation)
    UNION ALL SELECT concat_ws(' ', 'policy', oid, xmin) FROM pg_policy WHERE polrelid IN (SELECT oid FROM relation)
    UNION ALL SELECT concat_ws(' ', 'sequence', seqrelid, xmin) FROM pg_sequence
    UNION ALL SELECT concat_ws(' ', 'constraint', oid, xmin) FROM pg_constraint
        WHERE connamespace = 'duolog'::regnamespace
    UNION ALL SELECT concat_ws(' ', 'function', oid, xmin) FROM pg_proc WHERE pronamespace = 'duolog'::regnamespace
    UNION ALL SELECT concat_ws(' ', 'type', oid, xmin) FROM pg_type WHERE typnamespace = 'duolog'::regnamespace
    UNION ALL SELECT concat_ws(' ', 'statistics', oid, xmin) FROM pg_statistic_ext
        WHERE stxnamespace = 'duolog'::regnamespace
    UNION ALL SELECT concat_ws(' ', 'schema', oid, xmin) FROM pg_namespace WHERE nspname = 'duolog'
    UNION ALL SELECT concat_ws(' ', 'other schema', nspname, nspacl) FROM pg_namespace
        WHERE nspname !~ '^pg_(toast|temp)' AND nspname <> 'duolog'
    UNION ALL SELECT concat_ws(' ', 'extension', oid, xmin) FROM pg_extension
    UNION ALL SELECT concat_ws(' ', 'event trigger', oid, xmin) FROM pg_event_trigger
    UNION ALL SELECT concat_ws(' ', 'publication', oid, xmin) FROM pg_publication
    UNION ALL SELECT concat_ws(' ', 'privileges', oid, xmin) FROM pg_default_acl
    UNION ALL SELECT concat_ws(' ', 'settings', setrole, xmin) FROM pg_db_role_setting
        WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL SELECT concat_ws(' ', 'rights', datacl, datconnlimit) FROM pg_database WHERE datname = current_database()
    UNION ALL SELECT concat_ws(' ', 'prepared', gid) FROM pg_prepared_xacts WHERE database = current_database()
    UNION ALL SELECT concat_ws(' ', 'migration', to_jsonb(m)) FROM duolog.migrations AS m
    UNION ALL SELECT 'identity' FROM duolog.meta
    UNION ALL SELECT concat_ws(' ', 'horizon', to_jsonb(h)) FROM duolog.horizon AS h
    UNION ALL SELECT concat_ws(' ', 'rows in', oid) FROM relation
        WHERE relkind IN ('r', 'p') AND pg_relation_size(oid) > 0
) AS found
