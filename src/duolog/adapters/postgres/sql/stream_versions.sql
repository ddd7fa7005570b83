-- $1: tenants, $2: streams, pairwise
SELECT s.tenant, s.stream, e.version
FROM unnest($1::text[], $2::text[]) AS s (tenant, stream)
CROSS JOIN LATERAL (
    SELECT w.version FROM {schema}.events AS w
    WHERE w.tenant = s.tenant AND w.stream = s.stream ORDER BY w.version DESC LIMIT 1
) AS e
