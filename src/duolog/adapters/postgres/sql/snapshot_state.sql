-- $1: views, $2: first position, $3: last position
SELECT
    pg_is_in_recovery() AS follows,
    EXISTS (SELECT FROM {schema}.events AS e WHERE e.position = $3)
        OR (SELECT h.position FROM {schema}.horizon AS h) >= $3 AS has_last,
    EXISTS (
        SELECT FROM {schema}.parked AS p
        JOIN {schema}.generations AS g ON g.subscription = p.subscription AND g.number = p.generation AND g.role = 'live'
        WHERE p.subscription = ANY ($1::text[]) AND p.position BETWEEN $2 AND $3
    ) AS is_parked,
    v.*
FROM (VALUES (true)) AS always (one)
LEFT JOIN (
    SELECT c.subscription, g.since, g.number, sum(c.changes)::bigint AS changes, min(c.position) AS position
    FROM {schema}.checkpoints AS c
    JOIN {schema}.generations AS g ON g.subscription = c.subscription AND g.number = c.generation AND g.role = 'live'
    WHERE c.subscription = ANY ($1::text[])
    GROUP BY c.subscription, g.since, g.number
) AS v ON true
