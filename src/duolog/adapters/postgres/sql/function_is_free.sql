-- $1: a schema, $2: the name of a function
SELECT EXISTS (
    SELECT FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname = $1 AND p.proname = $2 AND NOT EXISTS (
        SELECT FROM pg_depend AS d
        WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid AND d.deptype = 'n'
    )
)
