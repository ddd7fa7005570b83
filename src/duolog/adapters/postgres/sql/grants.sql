-- $1: relations; the statements that give the same rights on whatever has the same name where the search path leads
SELECT format(
    'GRANT %s ON TABLE %I TO %s%s', acl.privilege_type, c.relname,
    CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END,
    CASE WHEN acl.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
) AS statement, c.relname AS name, '' AS column
FROM pg_class AS c, aclexplode(c.relacl) AS acl
WHERE c.oid = ANY($1::oid[]) AND acl.grantee <> c.relowner
UNION ALL
SELECT format(
    'GRANT %s (%I) ON TABLE %I TO %s%s', acl.privilege_type, a.attname, c.relname,
    CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END,
    CASE WHEN acl.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
), c.relname, a.attname
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND NOT a.attisdropped, aclexplode(a.attacl) AS acl
WHERE c.oid = ANY($1::oid[])
