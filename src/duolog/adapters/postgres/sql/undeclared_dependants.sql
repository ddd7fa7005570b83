-- $1: the live tables, $2: the tables that come, $3: whether triggers and policies must be the same
-- What would go on reading the tables that go, or refers to them; and what is on them and would go with them.
SELECT DISTINCT CASE
    WHEN r.oid IS NOT NULL THEN 'view ' || r.ev_class::regclass
    WHEN k.oid IS NOT NULL THEN 'foreign key ' || quote_ident(k.conname) || ' of ' || k.conrelid::regclass
    ELSE pg_describe_object(d.classid, d.objid, d.objsubid)
END AS found
FROM pg_depend AS d
LEFT JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
LEFT JOIN pg_constraint AS k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
WHERE d.deptype = 'n'
    AND (
        (d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY($1::oid[]))
        OR (
            d.refclassid = 'pg_type'::regclass
            AND d.refobjid IN (SELECT reltype FROM pg_class WHERE oid = ANY($1::oid[]))
        )
    )
    AND (r.oid IS NULL OR r.ev_class <> ALL($1::oid[]))
    AND (k.oid IS NULL OR k.conrelid <> ALL($1::oid[]))
    AND d.classid NOT IN ('pg_attrdef'::regclass, 'pg_policy'::regclass, 'pg_trigger'::regclass)
UNION
SELECT 'trigger ' || quote_ident(t.tgname) || ' of ' || t.tgrelid::regclass
FROM pg_trigger AS t
WHERE $3::boolean AND t.tgrelid = ANY($1::oid[]) AND NOT t.tgisinternal
    AND t.tgname NOT IN (SELECT tgname FROM pg_trigger WHERE tgrelid = ANY($2::oid[]))
UNION
SELECT 'policy ' || quote_ident(p.polname) || ' of ' || p.polrelid::regclass
FROM pg_policy AS p
WHERE $3::boolean AND p.polrelid = ANY($1::oid[])
    AND p.polname NOT IN (SELECT polname FROM pg_policy WHERE polrelid = ANY($2::oid[]))
ORDER BY found
