-- $1: position of the last event that was received. Nobody else draws positions, so all up to it is settled.
WITH settled AS (UPDATE {schema}.horizon SET position = $1::bigint WHERE position < $1::bigint)
SELECT setval('{schema}.positions', $1::bigint)
