-- $1: subscription; NULL for all
SELECT subscription, number, version, role, since, tables FROM {schema}.generations
WHERE $1::text IS NULL OR subscription = $1
ORDER BY subscription COLLATE "C", number
