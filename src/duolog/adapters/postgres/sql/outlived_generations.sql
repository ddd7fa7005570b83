-- $1: subscription, $2: age in microseconds
SELECT g.subscription, g.number, g.version, g.role, g.since, g.tables FROM {schema}.generations AS g
JOIN {schema}.generations AS live ON live.subscription = g.subscription AND live.role = 'live'
WHERE g.subscription = $1 AND g.role = 'previous' AND g.number < live.number
    AND g.since <= (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - $2::bigint
ORDER BY g.number
